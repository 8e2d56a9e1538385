import { ERROR_CODES, type ErrorCode } from "./codes.ts";

const BRAND = Symbol.for("instructblip-workers.error");

/** One try at a request, as the pool saw it. */
export interface AttemptRecord {
  /** 1 for the first try. */
  readonly attempt: number;
  /** The worker that had the request. */
  readonly workerId: string;
  /** How the try ended. */
  readonly code: ErrorCode;
  /** What the error said, for people. */
  readonly message: string;
}

/** What an error may carry beside its code and message. */
export interface ErrorDetails {
  /** What led to the error, as of any `Error`. */
  readonly cause?: unknown;
  /** The request that failed. */
  readonly requestId?: string;
  /** Every try that was made, oldest first. */
  readonly attempts?: readonly AttemptRecord[];
  /** How long to wait before trying again. @unit milliseconds */
  readonly retryAfterMs?: number;
  /** The field that was wrong, e.g. `options.topP`. */
  readonly path?: string;
  /** Token ids delivered before the error, when a stream had begun. */
  readonly tokens?: readonly number[];
}

/**
 * The one error class of this package. Match on `code`, which is stable; `message` is for people.
 *
 * ```
 * InstructBlipError
 *   the request itself   INVALID_ARGUMENT IMAGE_REJECTED PAYLOAD_TOO_LARGE UNSUPPORTED MODEL_NOT_FOUND
 *   set-up               ENVIRONMENT_MISSING ENVIRONMENT_FAILED MODEL_LOAD_FAILED CONFIG_INVALID
 *                        VERSION_MISMATCH ADDRESS_IN_USE
 *   who may do it        UNAUTHENTICATED PERMISSION_DENIED
 *   load                 OVERLOADED POOL_UNAVAILABLE CRASH_LOOP DRAINING RESOURCE_EXHAUSTED SLOW_CONSUMER
 *   workers              WORKER_LOST WORKER_HUNG CUDA_OOM CUDA_FATAL PROTOCOL OUTPUT_INVALID
 *                        POISON_QUARANTINED INTERNAL
 *   time and will        DEADLINE_EXCEEDED CANCELLED POOL_CLOSED
 * ```
 */
export class InstructBlipError extends Error {
  /** The stable code to match on. */
  readonly code: ErrorCode;
  /** Whether the same request may succeed if it is sent again. */
  readonly retryable: boolean;
  /** The request that failed. */
  readonly requestId: string | undefined;
  /** Every try that was made, oldest first. */
  readonly attempts: readonly AttemptRecord[];
  /** How long to wait before trying again. @unit milliseconds */
  readonly retryAfterMs: number | undefined;
  /** The field that was wrong, e.g. `options.topP`. */
  readonly path: string | undefined;
  /** Token ids delivered before the error, when a stream had begun. */
  readonly tokens: readonly number[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = ERROR_CODES[code].retryable;
    this.requestId = details.requestId;
    this.attempts = details.attempts ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.path = details.path;
    this.tokens = details.tokens;
    Object.defineProperty(this, "name", { value: "InstructBlipError", enumerable: false });
    Object.defineProperty(this, BRAND, { value: true, enumerable: false });
  }

  /** Whether a value is such an error, also when it comes from another copy of this package. */
  static isInstance(value: unknown): value is InstructBlipError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}
