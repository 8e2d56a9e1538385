import type { LoadProgress } from "./deployment.ts";

/** What an engine tells its listeners. */
export interface EngineEvents {
  /** A process was started. */
  workerSpawned: { workerId: string; modelId: string; pid: number };
  /** A stage of loading began or went on; `fraction` is from 0 to 1 where it is known. */
  workerLoading: LoadProgress;
  /** It takes requests. */
  workerReady: { workerId: string; modelId: string; loadMs: number; warnings: readonly string[] };
  /** It died or was killed; another takes its place. */
  workerLost: { workerId: string; modelId: string; reason: string; inFlight: number };
  /** Its place in the pool gave up, for a while or for good. */
  workerFailed: { workerId: string; modelId: string; reason: string };
  /** A try failed and another follows. */
  requestRetried: { requestId: string; attempt: number; workerId: string; code: string };
  /** A request failed for good. */
  requestFailed: { requestId: string; code: string };
  /** A request was refused because the queue is full. */
  overloaded: { queued: number; retryAfterMs: number };
  /** The pool takes no new work. */
  draining: { inFlight: number };
  /** All workers are gone. */
  closed: Record<string, never>;
}
/** The name of an event: see {@link EngineEvents}. */
export type EngineEventName = keyof EngineEvents;
/** What is called with an event. */
export type EngineListener<N extends EngineEventName> = (event: EngineEvents[N]) => void;
