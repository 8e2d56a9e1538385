import type { LoadProgress } from "./deployment.ts";

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

/** One place in the pool, and the process that is there now. */
export interface WorkerStats {
  /** New for every process. */
  readonly workerId: string;
  /** The deployment it serves. */
  readonly modelId: string;
  readonly state: WorkerState;
  /** Its process; undefined between two. */
  readonly pid: number | undefined;
  /** `cpu`, `cuda:0`, … */
  readonly device: string;
  /** Requests in its hands. */
  readonly inFlight: number;
  /** Rows it can take at once. */
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
  readonly progress: Omit<LoadProgress, "workerId" | "modelId"> | undefined;
  /** Why it last died. */
  readonly lastError: string | undefined;
}

/** What a pool does and has done. */
export interface PoolStats {
  /** Random per pool: 16 hexadecimal digits. */
  readonly poolEpoch: string;
  /** Since the start. @unit milliseconds */
  readonly uptimeMs: number;
  /** One entry for each place. */
  readonly workers: readonly WorkerStats[];
  /** What waits: requests, their bytes, and the milliseconds since the oldest came. */
  readonly queue: { readonly requests: number; readonly bytes: number; readonly oldestMs: number };
  /** Clients of a shared pool. */
  readonly clients: number;
  /** Since the start. */
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
