export { ERROR_CODES, type ErrorCode, isErrorCode } from "./codes.ts";
export { type AttemptRecord, type ErrorDetails, InstructBlipError } from "./instructblip-error.ts";
export { describe, invalidArgument } from "./invalid-argument.ts";
