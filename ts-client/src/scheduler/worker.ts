/** A worker as the scheduler sees it: rows to fill, and what is in its hands. */
export interface SchedulerWorker {
  readonly id: string;
  readonly modelId: string;
  readonly epoch: number;
  readonly slots: number;
  /** False while it stalls or drains. */
  accepting: boolean;
  /** Tries it has not ended yet, by {@link attemptKey}; those of settled requests stay until it says so. */
  readonly running: Map<string, RunningAttempt>;
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

/** The key of one try of one request. */
export function attemptKey(requestId: string, attempt: number): string {
  return `${requestId}/${attempt}`;
}
