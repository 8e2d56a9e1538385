import type { SchedulerPolicy } from "../../scheduler/index.ts";
import type { Chance } from "./chance.ts";

/** What one run is like: its pool, its policy and its clients. */
export interface Scenario {
  readonly models: readonly ScenarioModel[];
  readonly policy: Partial<SchedulerPolicy>;
  readonly requests: number;
  /** Mean time between arrivals. @unit milliseconds */
  readonly arrivalMs: number;
  /** Mean time a request takes on an idle worker. @unit milliseconds */
  readonly serviceMs: number;
  readonly batchKeys: number;
  /** Shares of requests. */
  readonly streams: number;
  readonly beams: number;
  readonly oversize: number;
  readonly priorities: number;
  readonly queueTimeouts: number;
  readonly runTimeouts: number;
  /** Longest deadline that is drawn. @unit milliseconds */
  readonly longestDeadlineMs: number;
  /** How the pool ends, and after which share of the requests. */
  readonly ending: "wait" | "drain" | "close";
  readonly endsAt: number;
}

export interface ScenarioModel {
  readonly id: string;
  readonly workers: number;
  readonly slots: number;
}

export function drawScenario(chance: Chance, requests: number): Scenario {
  const models = Array.from({ length: chance.pick([1, 1, 1, 2, 3]) }, (_, index) => ({
    id: `m${index}`,
    workers: chance.whole(1, 4),
    slots: chance.pick([1, 2, 4, 8, 8, 16]),
  }));
  const slots = models.reduce((sum, model) => sum + model.workers * model.slots, 0);
  // Slow enough that workers can die and come back while requests arrive.
  const arrivalMs = chance.logarithmic(1, 50);
  const load = chance.logarithmic(0.1, 2);
  const serviceMs = Math.min(3000, arrivalMs * slots * load);
  return {
    models,
    policy: {
      maxQueueRequests: chance.pick([8, 64, 256, 1024]),
      maxQueueBytes: chance.pick([50_000, 500_000, 10_000_000]),
      maxBatch: chance.pick([1, 4, 16, 64]),
      retryRatio: chance.pick([0, 0.02, 0.2]),
      retriesPerSecond: chance.pick([0.1, 1, 3]),
      retryWindowMs: chance.pick([1000, 10_000]),
      cancelGraceMs: chance.pick([2000, 10_000]),
    },
    requests,
    arrivalMs,
    serviceMs,
    batchKeys: chance.pick([1, 2, 6]),
    streams: chance.pick([0, 0.3, 1]),
    beams: chance.pick([0, 0.1, 0.5]),
    oversize: chance.pick([0, 0, 0.01]),
    priorities: chance.pick([0, 0, 0.3]),
    queueTimeouts: chance.pick([0, 0.2]),
    runTimeouts: chance.pick([0, 0.2]),
    longestDeadlineMs: chance.pick([2000, 30_000, 600_000]),
    ending: chance.pick(["wait", "wait", "wait", "drain", "close"]),
    endsAt: chance.between(0.9, 1),
  };
}
