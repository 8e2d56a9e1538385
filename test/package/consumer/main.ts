// What a user of the packed package writes. It is type-checked there against the package's own declarations, and run.
import { ERROR_CODES, type ErrorCode, InstructBlipError, isErrorCode } from "instructblip-workers";
import manifest from "instructblip-workers/package.json" with { type: "json" };

function advice(error: unknown): string {
  if (!InstructBlipError.isInstance(error)) return "not ours";
  const code: ErrorCode = error.code;
  return error.retryable ? `try again: ${ERROR_CODES[code].summary}` : error.message;
}

// @ts-expect-error: a code that does not exist
export const misspelt: ErrorCode = "NO_SUCH_CODE";

const answers = {
  version: manifest.version,
  advice: advice(new InstructBlipError("OVERLOADED", "full")),
  known: isErrorCode("OVERLOADED"),
};
process.stdout.write(`${JSON.stringify(answers)}\n`);
