import { realpathSync } from "node:fs";
import { z } from "zod";
import type { PythonVersion } from "./requirements.ts";
import { type Report, runReport } from "./run-report.ts";

/** The oldest Python that the pinned packages run on. */
export const MINIMUM_PYTHON: PythonVersion = [3, 10, 0];

/** A Python, as it describes itself. */
export interface Interpreter {
  /** `sys.executable`: not a version manager's shim, but maybe a link, as in a virtual environment. */
  readonly executable: string;
  /** The file behind it, every link followed: equal for two names of one Python. */
  readonly program: string;
  readonly version: PythonVersion;
  /** Whether it has `venv` and `ensurepip`. */
  readonly venv: boolean;
}

const Answer = z.object({
  executable: z.string().min(1),
  version: z.tuple([z.number(), z.number(), z.number()]),
  venv: z.boolean(),
});

/** A shim or a cold disk may be slow; a Python that hangs must not hang us. */
const PROBE_TIMEOUT_MS = 20_000;

/** Runs a program and asks what Python it is. */
export async function probeInterpreter(command: string, signal?: AbortSignal): Promise<Report<Interpreter>> {
  const report = await runReport({
    python: command,
    script: "probe.py",
    schema: Answer,
    timeoutMs: PROBE_TIMEOUT_MS,
    signal,
  });
  return report.ok
    ? { ok: true, value: { ...report.value, program: realpathSync(report.value.executable) } }
    : report;
}

/** Whether a version is new enough. */
export function isSupported([major, minor]: PythonVersion): boolean {
  const [neededMajor, neededMinor] = MINIMUM_PYTHON;
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

/** Reads `3.11.7`; what is not a number counts as 0. */
export function parseVersion(text: string): PythonVersion {
  const [major = 0, minor = 0, patch = 0] = text.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

/** Writes `3.11.7`. */
export function formatVersion(version: PythonVersion): string {
  return version.join(".");
}
