import type { NewRequest } from "../../scheduler/index.ts";

/** A simulated request: what the scheduler is told of it, and what will happen to it. */
export interface Script {
  readonly request: NewRequest;
  /** Time its inputs take to make. @unit milliseconds */
  readonly prepareMs: number;
  readonly inputsFail: boolean;
  readonly bytes: number;
  /** Time it takes on an idle worker. @unit milliseconds */
  readonly serviceMs: number;
  /** Chunks it streams, when it is streamed. */
  readonly chunks: number;
  /** Kills every worker that runs it. */
  readonly poison: boolean;
}
