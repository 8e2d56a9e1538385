import type { InstructBlipError } from "../../errors/index.ts";
import type { HeaderOf } from "../../protocol/index.ts";
import type { Deployment } from "../deployment.ts";
import type { Launcher } from "../launcher/launcher.ts";
import type { Logger } from "../logger.ts";
import type { WorkerTransport } from "../transport/worker-transport.ts";
import type { Death } from "./death.ts";
import type { LivenessOptions } from "./liveness.ts";
import type { LoadGate } from "./load-gate.ts";
import type { RestartOptions } from "./restart-policy.ts";
import type { WorkerPlace } from "./worker-place.ts";

/** What a place tells the pool. */
export interface PlaceHandlers {
  readonly onSpawned: (place: WorkerPlace, pid: number) => void;
  readonly onProgress: (place: WorkerPlace, progress: HeaderOf<"PROGRESS">) => void;
  readonly onReady: (place: WorkerPlace, ready: HeaderOf<"READY">) => void;
  readonly onAccepting: (place: WorkerPlace, accepting: boolean) => void;
  /** A process is gone. Told before anything else happens, so that the scheduler fences it first. */
  readonly onLost: (place: WorkerPlace, death: Death, wasReady: boolean) => void;
  /** No process will be here for `trouble.retryAfterMs`, or ever when that is undefined. */
  readonly onFailed: (place: WorkerPlace, trouble: InstructBlipError) => void;
}

export interface PlaceOptions {
  readonly name: string;
  readonly deployment: Deployment;
  readonly device: string;
  readonly poolEpoch: string;
  readonly launcher: Launcher;
  readonly transport: WorkerTransport;
  readonly gate: LoadGate;
  readonly liveness: LivenessOptions;
  readonly restart: RestartOptions;
  /** Spawn to HELLO. @unit milliseconds */
  readonly helloTimeoutMs: number;
  /** Longest silence while a model loads. @unit milliseconds */
  readonly loadTimeoutMs: number;
  /** Counts the pool's spawns. */
  readonly nextEpoch: () => number;
  readonly handlers: PlaceHandlers;
  readonly logger: Logger;
}
