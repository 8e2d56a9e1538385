import type { WorkerEndpoints } from "../transport/worker-transport.ts";

/** What a worker is told at its start, as one JSON line on its standard input. */
export interface LaunchSpec {
  readonly workerId: string;
  /** 64 hexadecimal digits, made for this spawn alone. */
  readonly token: string;
  readonly poolEpoch: string;
  readonly endpoints: WorkerEndpoints;
  /** Variables of its environment, beside those that every worker has. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How a worker's process ended. */
export interface WorkerExit {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The last lines it wrote to standard error. */
  readonly stderrTail: readonly string[];
}

/** A worker's process. */
export interface LaunchedWorker {
  readonly pid: number;
  /** Resolves when the process is gone and reaped; never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Asks it to end: SIGTERM. */
  terminate(): void;
  /** Ends it and everything it started: SIGKILL to its process group. */
  kill(): void;
}

/** Starts and stops worker processes. It never restarts any: that is the supervisor's decision alone. */
export interface Launcher {
  /** @throws InstructBlipError when no process could be started */
  launch(spec: LaunchSpec): Promise<LaunchedWorker>;
}
