/** Languages whose examples run; anything else in a fence is data or a drawing. */
export const LANGUAGES = ["ts", "js", "sh", "python"] as const;

export type Language = (typeof LANGUAGES)[number];

/** A block of code in the documentation or in a docstring. */
export interface Example {
  /** Relative to the repository. */
  readonly file: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  readonly language: Language;
  readonly code: string;
  /** Why it is not run; undefined for one that is. */
  readonly noRun: string | undefined;
  /** The bundled checkpoint that takes the place of the hub repositories it names, or {@link SMALL}. */
  readonly standIn: string | undefined;
}

/** Stands in for configurations of published sizes: small ones, from the fixtures. */
export const SMALL = "small";

/** What a fence's info string may say after the language. */
const MARKS = /^(?:no-run: (?<noRun>\S.{9,})|stand-in: (?<standIn>[\w-]+))?$/;

/**
 * The example behind a fence, or undefined when it holds none.
 *
 * @param info - what follows the fence: `ts`, `sh no-run: takes an hour`, `ts stand-in: tiny-shapes-t5`
 */
export function toExample(info: string, code: string, file: string, line: number): Example | undefined {
  const [language = "", ...rest] = info.split(" ");
  if (language === "" || language === "json") return undefined;
  const marks = MARKS.exec(rest.join(" "));
  const known = LANGUAGES.find((each) => each === language);
  if (known === undefined || marks === null) {
    throw new Error(
      `${file}:${line - 1}: \`${info}\` is not understood. Examples are ${LANGUAGES.join(", ")}, ` +
        "with `no-run: <reason>` or `stand-in: <bundled checkpoint>` or `stand-in: ${SMALL}` after that.",
    );
  }
  const { noRun, standIn } = marks.groups ?? {};
  return { file, line, language: known, code, noRun, standIn };
}

/** How tests name an example. */
export function placeOf({ file, line }: Example): string {
  return `${file}:${line}`;
}
