/** What a caller may do after an error with this code. */
interface CodeFacts {
  /** Whether the same request may succeed if it is sent again, now or after `retryAfterMs`. */
  readonly retryable: boolean;
  readonly summary: string;
}

/** Every stable error code. Match on `error.code`; messages are for people and may change. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: { retryable: false, summary: "a value is missing, of the wrong type or out of range" },
  IMAGE_REJECTED: { retryable: false, summary: "the picture cannot be decoded or is over a limit" },
  PAYLOAD_TOO_LARGE: { retryable: false, summary: "the request is over a size limit" },
  UNSUPPORTED: { retryable: false, summary: "the option or operation does not exist here" },
  MODEL_NOT_FOUND: { retryable: false, summary: "no deployment, folder or checkpoint has that name" },
  MODEL_LOAD_FAILED: { retryable: false, summary: "the checkpoint could not be loaded" },
  CONFIG_INVALID: { retryable: false, summary: "a configuration is wrong" },
  ENVIRONMENT_MISSING: { retryable: false, summary: "the Python environment is not set up" },
  ENVIRONMENT_FAILED: { retryable: false, summary: "the Python environment could not be built" },
  VERSION_MISMATCH: { retryable: false, summary: "the two sides speak no common protocol version" },
  UNAUTHENTICATED: { retryable: false, summary: "the peer did not prove who it is" },
  PERMISSION_DENIED: { retryable: false, summary: "the peer may not do this" },
  ADDRESS_IN_USE: { retryable: false, summary: "another process owns the endpoint" },
  OVERLOADED: { retryable: true, summary: "the queue is full" },
  POOL_UNAVAILABLE: { retryable: true, summary: "no worker can take the request now" },
  CRASH_LOOP: { retryable: true, summary: "workers keep dying; restarts are paused" },
  DRAINING: { retryable: true, summary: "the pool takes no new work" },
  WORKER_LOST: { retryable: true, summary: "the worker died or vanished" },
  WORKER_HUNG: { retryable: true, summary: "the worker stopped making progress" },
  CUDA_OOM: { retryable: true, summary: "the device ran out of memory" },
  CUDA_FATAL: { retryable: true, summary: "the device failed in a way only a new process mends" },
  PROTOCOL: { retryable: true, summary: "a peer broke the wire protocol" },
  OUTPUT_INVALID: { retryable: true, summary: "the model's output was not usable" },
  RESOURCE_EXHAUSTED: { retryable: false, summary: "the request does not fit, even alone" },
  INTERNAL: { retryable: false, summary: "a defect in the worker or in this library" },
  DEADLINE_EXCEEDED: { retryable: false, summary: "the deadline passed" },
  CANCELLED: { retryable: false, summary: "the caller gave up" },
  SLOW_CONSUMER: { retryable: false, summary: "the reader of a stream fell too far behind" },
  POOL_CLOSED: { retryable: false, summary: "the pool is closed" },
  POISON_QUARANTINED: { retryable: false, summary: "the request killed several workers" },
} as const satisfies Record<string, CodeFacts>;

/** A stable error code: see {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a string is one of the stable codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value);
}
