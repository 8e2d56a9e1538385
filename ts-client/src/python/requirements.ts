import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InstructBlipError } from "../errors/index.ts";
import { workerFile } from "./package-root.ts";

/** The requirement files an environment is built from. */
export interface RequirementFiles {
  /** What a worker needs. */
  readonly runtime: string;
  /** What the project's own tests need on top; only a checkout has it. */
  readonly dev: string;
}

/** The files that come with this package. */
export function bundledRequirements(): RequirementFiles {
  return { runtime: workerFile("requirements.txt"), dev: workerFile("requirements-dev.txt") };
}

/** One `name==version` line, for the Pythons its marker names. */
export interface Pin {
  /** Normalised: lower case, `-` for `_` and `.`. */
  readonly name: string;
  readonly version: string;
  /** Whether the line holds for a Python of this version. */
  readonly appliesTo: (python: PythonVersion) => boolean;
}

/** Major, minor and patch. */
export type PythonVersion = readonly [number, number, number];

/** The pins of a requirements file for one Python, with those of the files it includes by `-r`. */
export function pinsFor(file: string, python: PythonVersion): Map<string, string> {
  const applying = readPins(file).filter((pin) => pin.appliesTo(python));
  return new Map(applying.map((pin) => [pin.name, pin.version]));
}

/** A hash over a requirements file and every file it includes by `-r` or `-c`. */
export function requirementsHash(file: string): string {
  const hash = createHash("sha256");
  for (const path of includedFiles(file)) hash.update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

/** The name in which two spellings of a distribution are equal. */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** Whether an installed version is the pinned one. A local label such as `+cpu` names a build, not a version. */
export function satisfies(installed: string | null, pinned: string): boolean {
  return installed === pinned || (installed?.split("+")[0] === pinned && !pinned.includes("+"));
}

const LINE = /^(?<name>[\w.-]+)==(?<version>[^\s;]+)(?:\s*;\s*(?<marker>.+))?$/;
const PYTHON_MARKER = /^python_version (?<operator><|>=) "3\.(?<minor>\d+)"$/;
const PLATFORM_MARKER = /^sys_platform == "(?<platform>\w+)"$/;
const INCLUDE = /^-(?<kind>[rc])\s+(?<path>\S+)$/;

function readPins(file: string): Pin[] {
  return meaningfulLines(file).flatMap((line) => {
    const include = INCLUDE.exec(line)?.groups;
    if (include?.kind === "c") return [];
    if (include?.path !== undefined) return readPins(join(dirname(file), include.path));
    return [readPin(line, file)];
  });
}

function readPin(line: string, file: string): Pin {
  const { name, version, marker } = LINE.exec(line)?.groups ?? {};
  const appliesTo = marker === undefined ? () => true : readMarkerExpression(marker);
  if (name === undefined || version === undefined || appliesTo === undefined) {
    throw new InstructBlipError(
      "INTERNAL",
      `${file}: "${line}" is not a pin like \`name==1.2 ; python_version >= "3.11"\`.`,
    );
  }
  return { name: normaliseName(name), version, appliesTo };
}

/** The two kinds of marker that our own files use. */
function readMarkerExpression(marker: string): Pin["appliesTo"] | undefined {
  const python = PYTHON_MARKER.exec(marker)?.groups;
  if (python !== undefined) {
    const minor = Number(python.minor);
    return ([, actual]) => (python.operator === "<" ? actual < minor : actual >= minor);
  }
  const platform = PLATFORM_MARKER.exec(marker)?.groups?.platform;
  // Node and Python name platforms alike: linux, darwin, win32.
  return platform === undefined ? undefined : () => process.platform === platform;
}

function includedFiles(file: string): string[] {
  const included = meaningfulLines(file).flatMap((line) => {
    const path = INCLUDE.exec(line)?.groups?.path;
    return path === undefined ? [] : includedFiles(join(dirname(file), path));
  });
  return [file, ...included];
}

function meaningfulLines(file: string): string[] {
  return readFileSync(file, "utf8")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}
