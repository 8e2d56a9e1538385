import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { camelCase, nearMiss } from "../errors/near-miss.ts";

/** How ids become text. */
export interface DecodeOptions {
  /** Leave out tokens such as `</s>` and `<pad>`. @default false */
  readonly skipSpecialTokens?: boolean;
  /** Take out spaces before punctuation and contractions. @default as in `tokenizer_config.json` */
  readonly cleanUpTokenizationSpaces?: boolean;
}

const NAMES = ["skipSpecialTokens", "cleanUpTokenizationSpaces"] as const satisfies (keyof DecodeOptions)[];

/** @throws INVALID_ARGUMENT naming the option */
export function checkDecodeOptions(options: DecodeOptions): void {
  if (typeof options !== "object" || options === null) throw invalidArgument("options", "an object", options);
  for (const [name, value] of Object.entries(options)) {
    if (!(NAMES as readonly string[]).includes(name)) throw unknownOption(name);
    if (value !== undefined && typeof value !== "boolean")
      throw invalidArgument(name, "true or false", value);
  }
}

function unknownOption(name: string): InstructBlipError {
  const meant = nearMiss(camelCase(name), NAMES);
  const hint = meant === undefined ? `The options are ${NAMES.join(" and ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no option \`${name}\`. ${hint}`, { path: name });
}
