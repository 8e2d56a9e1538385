import { z } from "zod";
import { normaliseName, satisfies } from "./requirements.ts";
import { type Report, runReport } from "./run-report.ts";

const Answer = z.object({
  prefix: z.string(),
  python: z.string(),
  installed: z.record(z.string(), z.string()),
  broken: z.record(z.string(), z.string()),
  damaged: z.array(z.string()),
});

/** What an interpreter says of its packages; names are normalised. */
export type PackageReport = z.infer<typeof Answer>;

/** A pinned package against what is there. */
export interface PackageState {
  /** Null when it is not there. */
  readonly installed: string | null;
  readonly pinned: string;
}

/** Importing torch and transformers takes seconds, on a cold disk or a busy machine minutes. */
const PACKAGES_TIMEOUT_MS = 600_000;

export interface InspectOptions {
  /**
   * `"check"` lists the distributions that lack files, as an interrupted installation leaves them; `"mend"` also
   * makes pip forget them. @default neither
   */
  readonly files?: "check" | "mend";
  /** Distributions whose modules to import. @default none */
  readonly tryImports?: Iterable<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Asks an interpreter for its packages. */
export function inspectPackages(
  python: string,
  options: InspectOptions = {},
): Promise<Report<PackageReport>> {
  const { files, tryImports = [], signal } = options;
  const args = [...(files === undefined ? [] : [`--${files}`]), "--try", ...tryImports];
  return runReport({
    python,
    script: "packages.py",
    args,
    schema: Answer,
    timeoutMs: PACKAGES_TIMEOUT_MS,
    signal,
  });
}

/** Every pinned package with its installed version. */
export function comparePins(
  pins: ReadonlyMap<string, string>,
  installed: Readonly<Record<string, string>>,
): Record<string, PackageState> {
  return Object.fromEntries(
    [...pins].map(([name, pinned]) => [name, { installed: installed[normaliseName(name)] ?? null, pinned }]),
  );
}

/** The packages that are missing or of another version, as `torch 2.13.0 (found 2.1.0)`. */
export function mismatches(states: Readonly<Record<string, PackageState>>): string[] {
  return Object.entries(states)
    .filter(([, { installed, pinned }]) => !satisfies(installed, pinned))
    .map(([name, { installed, pinned }]) => `${name} ${pinned} (found ${installed ?? "none"})`);
}
