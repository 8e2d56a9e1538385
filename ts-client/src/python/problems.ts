import { InstructBlipError } from "../errors/index.ts";

/** What can be wrong with a machine or an environment. */
export type ProblemCode =
  | "NODE_TOO_OLD"
  | "NATIVE_MODULE"
  | "PYTHON_NOT_FOUND"
  | "PYTHON_TOO_OLD"
  | "PYTHON_NO_VENV"
  | "CACHE_NOT_WRITABLE"
  | "DISK_FULL"
  | "NETWORK"
  | "PACKAGE_NOT_FOUND"
  | "PIP_FAILED"
  | "ENVIRONMENT_MISSING"
  | "ENVIRONMENT_BROKEN"
  | "PACKAGE_MISMATCH"
  | "PACKAGE_BROKEN"
  | "CUDA_UNUSABLE"
  | "CUDA_NOT_BUILT_IN";

/** Something that is wrong, and what to do about it. */
export interface Problem {
  readonly code: ProblemCode;
  /** An error keeps workers from running; a warning does not. */
  readonly severity: "error" | "warning";
  /** One or two sentences: what is wrong. */
  readonly message: string;
  /** The next step, with the exact command where there is one. */
  readonly remedy: string;
}

/** The error that says what a problem says. */
export function environmentFailed(problem: Problem, cause?: unknown): InstructBlipError {
  return new InstructBlipError("ENVIRONMENT_FAILED", `${problem.message} ${problem.remedy}`, { cause });
}
