/** Where a worker stands; see the protocol's state table. */
export type WorkerState =
  | "spawning"
  | "loading"
  | "ready"
  | "busy"
  | "stalled"
  | "suspect"
  | "hung"
  | "draining"
  | "stopping"
  | "backoff"
  | "failed";

export interface WorkerStats {
  readonly workerId: string;
  readonly modelId: string;
  readonly state: WorkerState;
  readonly pid: number | undefined;
  readonly device: string;
  /** Requests in its hands. */
  readonly inFlight: number;
  readonly slots: number;
  /** Requests answered since the pool started, by this place in the pool. */
  readonly completed: number;
  /** Times the process was replaced. */
  readonly restarts: number;
  /** Resident memory. @unit bytes */
  readonly rss: number | undefined;
  /** Memory on the device. @unit bytes */
  readonly deviceBytes: number | undefined;
  /** While it loads. */
  readonly progress: { readonly stage: string; readonly fraction: number | undefined } | undefined;
  /** Why it last died. */
  readonly lastError: string | undefined;
}

export interface PoolStats {
  readonly poolEpoch: string;
  /** @unit milliseconds */
  readonly uptimeMs: number;
  readonly workers: readonly WorkerStats[];
  readonly queue: { readonly requests: number; readonly bytes: number; readonly oldestMs: number };
  /** Clients of a shared pool. */
  readonly clients: number;
  readonly counts: {
    readonly submitted: number;
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly retried: number;
    readonly rejected: number;
    readonly restarts: number;
    /** Messages dropped because they came from an attempt or worker of the past. */
    readonly stale: number;
  };
}
