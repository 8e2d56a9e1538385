import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a fake Python answers to each report script; a script without an answer makes it fail. */
export interface FakeAnswers {
  readonly probe?: object;
  readonly packages?: object;
  readonly devices?: object;
}

/** Writes a program that answers as a Python would, and returns its path. */
export function fakePython(folder: string, name: string, answers: FakeAnswers): string {
  const path = join(folder, name);
  const probe = answers.probe === undefined ? {} : { probe: { executable: path, ...answers.probe } };
  const cases = Object.entries({ ...answers, ...probe }).map(
    ([script, answer]) => `  *${script}.py*) echo '${JSON.stringify(answer)}' ;;`,
  );
  return fakeProgram(folder, name, `case "$*" in\n${cases.join("\n")}\n  *) echo "no" >&2; exit 1 ;;\nesac`);
}

/** Writes a shell script and returns its path. */
export function fakeProgram(folder: string, name: string, body: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The answer of a Python of that version. */
export function python(version: readonly [number, number, number], venv = true): FakeAnswers {
  return { probe: { version, implementation: "CPython", venv } };
}

/** The answer of an interpreter with these packages. */
export function packagesAnswer(installed: Record<string, string>): object {
  return { prefix: "/opt/own", python: "3.11.7", installed, broken: {}, damaged: [] };
}
