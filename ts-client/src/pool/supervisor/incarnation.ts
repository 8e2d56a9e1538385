import { type Deferred, deferred } from "../../engine/deferred.ts";
import type { HeaderOf } from "../../protocol/index.ts";
import type { LaunchedWorker } from "../launcher/launcher.ts";
import type { Verdict } from "./death.ts";
import { Liveness, type LivenessOptions } from "./liveness.ts";

/** One process in the life of a place. */
export interface Incarnation {
  readonly workerId: string;
  readonly epoch: number;
  readonly worker: LaunchedWorker;
  readonly liveness: Liveness;
  connected: boolean;
  ready: HeaderOf<"READY"> | undefined;
  beat: HeaderOf<"BEAT"> | undefined;
  progress: HeaderOf<"PROGRESS"> | undefined;
  /** When it last moved towards READY. */
  advancedAt: number;
  lastError: HeaderOf<"ERROR"> | undefined;
  verdict: Verdict | undefined;
  accepting: boolean;
  /** It said that it leaves. */
  readonly goodbye: Deferred<void>;
  leaving: boolean;
  /** It was killed and does not end. */
  readonly stuck: Deferred<undefined>;
  /** The next step of ending it. */
  timer: NodeJS.Timeout | undefined;
}

/** A process that has just been started. */
export function newIncarnation(
  identity: Pick<Incarnation, "workerId" | "epoch" | "worker">,
  liveness: LivenessOptions,
): Incarnation {
  const now = performance.now();
  return {
    ...identity,
    liveness: new Liveness(liveness, now),
    connected: false,
    ready: undefined,
    beat: undefined,
    progress: undefined,
    advancedAt: now,
    lastError: undefined,
    verdict: undefined,
    accepting: true,
    goodbye: deferred(),
    leaving: false,
    stuck: deferred(),
    timer: undefined,
  };
}
