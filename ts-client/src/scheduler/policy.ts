/** Numbers the scheduler decides by. */
export interface SchedulerPolicy {
  /** Requests that may wait or be prepared. */
  readonly maxQueueRequests: number;
  /** Bytes of prepared inputs that may wait. */
  readonly maxQueueBytes: number;
  /** Requests in one batch. */
  readonly maxBatch: number;
  /** Share of requests that may be tried again. */
  readonly retryRatio: number;
  /** Retries a second that are always allowed. */
  readonly retriesPerSecond: number;
  /** How long an unused permit to retry lasts. */
  readonly retryWindowMs: number;
  /** First and longest pause between tries; the actual one is random between 0 and it. */
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** Deaths, alone or in all, after which a request is refused for good. */
  readonly maxSoloDeaths: number;
  readonly maxDeaths: number;
  /** How long a worker may take to confirm a cancelled try, being told again and again, before it is replaced. */
  readonly cancelGraceMs: number;
}

export const DEFAULT_POLICY: SchedulerPolicy = {
  maxQueueRequests: 1024,
  maxQueueBytes: 256 * 1024 * 1024,
  maxBatch: 64,
  retryRatio: 0.2,
  retriesPerSecond: 3,
  retryWindowMs: 10_000,
  retryDelayMs: 50,
  maxRetryDelayMs: 1000,
  maxSoloDeaths: 2,
  maxDeaths: 3,
  cancelGraceMs: 60_000,
};
