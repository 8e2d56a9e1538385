import { InstructBlipError } from "../errors/index.ts";
import { deniedProblem, diskProblem } from "./pip-failure.ts";
import { environmentFailed } from "./problems.ts";

/** The typed error for whatever ended a set-up: the caller's own will, a full disk, a folder without rights. */
export function setupFailure(
  error: unknown,
  directory: string,
  signal: AbortSignal | undefined,
): InstructBlipError {
  if (InstructBlipError.isInstance(error)) return error;
  if (signal?.aborted === true) {
    const message = "The set-up was stopped. Run it again to go on from there.";
    return new InstructBlipError("CANCELLED", message, { cause: error });
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return environmentFailed(diskProblem(`The disk of ${directory} is full.`), error);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return environmentFailed(deniedProblem(directory), error);
  }
  if (code === "ECOMPROMISED") {
    const message = `This process stood still for so long that another one took over ${directory}. Run the set-up again.`;
    return new InstructBlipError("ENVIRONMENT_FAILED", message, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new InstructBlipError("ENVIRONMENT_FAILED", `The set-up of ${directory} failed: ${reason}.`, {
    cause: error,
  });
}
