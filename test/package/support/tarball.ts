import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../../..");

/** The package as `npm pack` makes it, built from the sources that are there now. */
export interface Tarball {
  readonly file: string;
  /** Every path in it, relative to the package. */
  readonly paths: readonly string[];
  remove(): void;
}

/** Packs the checkout into a temporary folder. */
export function pack(): Tarball {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "instructblip-workers-pack-")));
  run(ROOT, "npm", "pack", "--pack-destination", folder);
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error("npm pack wrote nothing");
  const file = join(folder, name);
  const paths = run(ROOT, "tar", "-tzf", file)
    .trim()
    .split("\n")
    .map((path) => path.replace(/^package\//, ""));
  return { file, paths, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs a program in a folder and returns what it wrote on stdout; its output is in the error when it fails. */
export function run(cwd: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    // npm's settings for this run of npm are not those of the user whom the tests play.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_config_"))),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The path of a program of an installed development package. */
export function developmentProgram(name: string): string {
  return join(ROOT, "node_modules", ".bin", name);
}
