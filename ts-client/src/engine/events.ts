/** What an engine tells its listeners. */
export interface EngineEvents {
  workerSpawned: { workerId: string; modelId: string; pid: number };
  workerLoading: {
    workerId: string;
    modelId: string;
    stage: string;
    fraction: number | undefined;
    file: string | undefined;
  };
  workerReady: { workerId: string; modelId: string; loadMs: number; warnings: readonly string[] };
  workerLost: { workerId: string; modelId: string; reason: string; inFlight: number };
  workerFailed: { workerId: string; modelId: string; reason: string };
  requestRetried: { requestId: string; attempt: number; workerId: string; code: string };
  requestFailed: { requestId: string; code: string };
  overloaded: { queued: number; retryAfterMs: number };
  draining: { inFlight: number };
  closed: Record<string, never>;
}
export type EngineEventName = keyof EngineEvents;
export type EngineListener<N extends EngineEventName> = (event: EngineEvents[N]) => void;
