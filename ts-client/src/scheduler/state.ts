import type { SchedulerEffect } from "./effects.ts";
import { TimerHeap } from "./heap.ts";
import { DEFAULT_POLICY, type SchedulerPolicy } from "./policy.ts";
import { SeededRandom } from "./random.ts";
import type { LiveRequest } from "./request.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { SchedulerWorker } from "./worker.ts";

/** Why a model has no workers, for as long as that lasts. */
export interface ModelTrouble {
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** What is known of a model. */
export interface SchedulerModel {
  readonly id: string;
  /** Requests that wait for a worker, in order of service. */
  readonly queue: LiveRequest[];
  trouble: ModelTrouble | undefined;
}

/** Everything the scheduler knows. Only `step` changes it. */
export interface SchedulerState {
  readonly policy: SchedulerPolicy;
  readonly random: SeededRandom;
  readonly budget: RetryBudget;
  readonly requests: Map<string, LiveRequest>;
  readonly models: Map<string, SchedulerModel>;
  readonly workers: Map<string, SchedulerWorker>;
  /** The newest life that is over, of the workers lost last: a READY of it that comes late is of the past. */
  readonly lostEpochs: Map<string, number>;
  /** Ids of the last requests that ran: another one under such an id would pass for it. */
  readonly usedIds: Set<string>;
  readonly timers: TimerHeap;
  /** What this step has decided so far. */
  effects: SchedulerEffect[];
  /** Requests in preparation or in a queue. */
  waiting: number;
  waitingBytes: number;
  arrivals: number;
  /** `drained`: draining, and the shell was told that nothing is left. */
  mode: "open" | "draining" | "drained" | "closed";
  /** Running mean of the time a request takes on a worker, in milliseconds. */
  serviceMs: number;
  readonly counts: SchedulerCounts;
}

export interface SchedulerCounts {
  submitted: number;
  completed: number;
  failed: number;
  cancelled: number;
  retried: number;
  rejected: number;
  stale: number;
}

/** A scheduler with nothing to do. */
export function createState(policy: Partial<SchedulerPolicy> = {}, seed = 1): SchedulerState {
  const full = { ...DEFAULT_POLICY, ...policy };
  return {
    policy: full,
    random: new SeededRandom(seed),
    budget: new RetryBudget(full),
    requests: new Map(),
    models: new Map(),
    workers: new Map(),
    lostEpochs: new Map(),
    usedIds: new Set(),
    timers: new TimerHeap(),
    effects: [],
    waiting: 0,
    waitingBytes: 0,
    arrivals: 0,
    mode: "open",
    serviceMs: 0,
    counts: { submitted: 0, completed: 0, failed: 0, cancelled: 0, retried: 0, rejected: 0, stale: 0 },
  };
}
