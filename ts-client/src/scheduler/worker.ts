/** A worker as the scheduler sees it: rows to fill, and what is in its hands. */
export interface SchedulerWorker {
  readonly id: string;
  readonly modelId: string;
  readonly epoch: number;
  readonly slots: number;
  /** False while it stalls or drains. */
  accepting: boolean;
  /**
   * `leaving`: it said that it takes nothing more. `condemned`: the shell was told to replace it. Neither
   * gets new work in this life.
   */
  standing: "serving" | "leaving" | "condemned";
  /** Tries it has not ended yet, by {@link attemptKey}; those of settled requests stay until it says so. */
  readonly running: Map<string, RunningAttempt>;
  /** Of those, the cancelled ones it has not confirmed; the one to be reminded of next is first. */
  readonly cancelled: Map<string, CancelledAttempt>;
  rowsInFlight: number;
  /** A request that must run without company holds the worker. */
  solo: boolean;
  /** When it last took or gave back work. */
  lastActiveAt: number;
}

export interface RunningAttempt {
  readonly requestId: string;
  readonly attempt: number;
  readonly rows: number;
}

export interface CancelledAttempt {
  readonly requestId: string;
  readonly attempt: number;
  readonly reason: string;
  /** How often the worker was told. */
  readonly told: number;
  /** When it is told again, or given up. */
  readonly due: number;
}

/** The key of one try of one request. */
export function attemptKey(requestId: string, attempt: number): string {
  return `${requestId}/${attempt}`;
}

/** Whether it may get new work, if it has room. */
export function isOpen(worker: SchedulerWorker): boolean {
  return worker.accepting && worker.standing === "serving";
}
