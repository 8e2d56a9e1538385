import {
  nextWake,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerState,
  step,
} from "../../ts-client/src/scheduler/index.ts";
import type { LiveRequest } from "../../ts-client/src/scheduler/request.ts";
import type { SchedulerFunctions } from "../../ts-client/src/simulation/world/simulated-shell.ts";

/** Defects put around the scheduler from outside. The checks of the simulation must notice each of them. */

type Step = SchedulerFunctions["step"];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** Makes a defective scheduler for one run. */
export type Mutant = () => SchedulerFunctions;

/** Changes what the scheduler is told. */
function hearing(change: (event: SchedulerEvent, state: SchedulerState) => SchedulerEvent): Mutant {
  return withStep((state, event, now) => step(state, change(event, state), now));
}

/** Changes what the scheduler knows before it takes a step. */
function knowing(change: (state: SchedulerState) => void): Mutant {
  return withStep((state, event, now) => {
    change(state);
    return step(state, event, now);
  });
}

/** Changes what the scheduler decides, or knows after a step. */
function deciding(
  change: (effects: readonly SchedulerEffect[], state: SchedulerState) => readonly SchedulerEffect[],
): Mutant {
  return withStep((state, event, now) => change(step(state, event, now), state));
}

function withStep(changed: Step): Mutant {
  return () => ({ step: changed, nextWake });
}

const writable = <T>(value: T): Mutable<T> => value;

function eachRequest(state: SchedulerState, change: (request: Mutable<LiveRequest>) => void): void {
  for (const request of state.requests.values()) change(request);
}

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "believes messages of another life": hearing((event, state) => {
    if (!("epoch" in event) || event.type === "workerReady") return event;
    return { ...event, epoch: state.workers.get(event.workerId)?.epoch ?? event.epoch };
  }),
  "believes messages of another try": hearing((event, state) => {
    if (!("attempt" in event)) return event;
    return { ...event, attempt: state.requests.get(event.requestId)?.attempt ?? event.attempt };
  }),
  "takes chunks in any order": hearing((event, state) => {
    if (event.type !== "chunk") return event;
    return { ...event, seq: state.requests.get(event.requestId)?.nextChunk ?? event.seq };
  }),
  "counts one slot too many": hearing((event) =>
    event.type === "workerReady" ? { ...event, slots: event.slots + 1 } : event,
  ),
  "does not hear of deaths": hearing((event) => (event.type === "workerLost" ? { type: "tick" } : event)),
  "does not hear of closing": hearing((event) => (event.type === "close" ? { type: "tick" } : event)),
  "forgets that inputs are ready": hearing((event) =>
    event.type === "prepared" && event.requestId.endsWith("77") ? { type: "tick" } : event,
  ),
  "mixes batches": hearing((event) =>
    event.type === "submit" ? { ...event, request: { ...event.request, batchKey: "k" } } : event,
  ),
  "serves the newest first": hearing((event, state) =>
    event.type === "submit" ? { ...event, request: { ...event.request, priority: state.arrivals } } : event,
  ),
  "lets small requests overtake wide ones": hearing((event) => {
    if (event.type !== "submit" || event.request.rows === 1) return event;
    return { ...event, request: { ...event.request, priority: -1000 } };
  }),
  "ends requests 200 ms late": hearing((event) => {
    if (event.type !== "submit") return event;
    return { ...event, request: { ...event.request, deadlineAt: event.request.deadlineAt + 200 } };
  }),
  "knows no deadline": knowing((state) => {
    eachRequest(state, (request) => {
      request.deadlineAt = Number.POSITIVE_INFINITY;
    });
  }),
  "sleeps through its timers": () => ({ step, nextWake: () => Number.POSITIVE_INFINITY }),
  "goes by a clock that is fast": withStep((state, event, now) => step(state, event, now * 1.01)),
  "tries again after a delivered token": knowing((state) => {
    eachRequest(state, (request) => {
      request.delivered = false;
    });
  }),
  "ends what it should try again": knowing((state) => {
    eachRequest(state, (request) => {
      request.maxRetries = 0;
    });
  }),
  "tries again without end": knowing((state) => {
    eachRequest(state, (request) => {
      request.retries = 0;
    });
  }),
  "ignores the retry budget": knowing(({ budget }) => {
    budget.reserve = (now) => now;
    budget.nextAt = (now) => now;
  }),
  "quarantines nothing": knowing((state) => {
    eachRequest(state, (request) => {
      request.deaths = 0;
      request.soloDeaths = 0;
    });
  }),
  "runs suspects in company": knowing((state) => {
    eachRequest(state, (request) => {
      request.alone = false;
    });
  }),
  "sends work to a stalled worker": knowing((state) => {
    for (const worker of state.workers.values()) worker.accepting = true;
  }),
  "sends work to a worker it gave up": knowing((state) => {
    for (const worker of state.workers.values()) worker.standing = "serving";
  }),
  "knows no limit of requests": knowing((state) => {
    writable(state.policy).maxQueueRequests = Number.POSITIVE_INFINITY;
  }),
  "knows no limit of bytes": knowing((state) => {
    writable(state.policy).maxQueueBytes = Number.POSITIVE_INFINITY;
  }),
  "takes ids again that ran": knowing(({ usedIds }) => usedIds.clear()),
  "brings dead workers back": knowing(({ lostEpochs }) => lostEpochs.clear()),
  "forgets what a worker had in its former life": withStep((state, event, now) => {
    if (event.type === "workerReady") state.workers.get(event.workerId)?.running.clear();
    return step(state, event, now);
  }),
  "waits for ever for the end of a cancelled try": knowing((state) => {
    for (const { cancelled } of state.workers.values()) cancelled.clear();
  }),
  "lets timers pile up": knowing(({ timers }) => {
    timers.clear = () => {};
    timers.retain = () => {};
  }),
  "settles twice": deciding((effects) =>
    effects.flatMap((effect) =>
      effect.type === "settle" && effect.outcome.ok ? [effect, effect] : [effect],
    ),
  ),
  "does not tell workers to stop": deciding((effects) =>
    effects.filter(({ type }) => type !== "cancelAttempt"),
  ),
  "does not tell that it has drained": deciding((effects) =>
    effects.filter(({ type }) => type !== "drained"),
  ),
  "loses a request that is to be tried again": deciding((effects, state) => {
    for (const effect of effects) {
      if (effect.type !== "retried") continue;
      for (const { queue } of state.models.values()) {
        const index = queue.findIndex(({ id }) => id === effect.requestId);
        if (index >= 0) queue.splice(index, 1);
      }
    }
    return effects;
  }),
  "frees the rows of a cancelled try at once": deciding((effects, state) => {
    for (const effect of effects) {
      if (effect.type !== "cancelAttempt") continue;
      const worker = state.workers.get(effect.workerId);
      const key = `${effect.requestId}/${effect.attempt}`;
      const running = worker?.running.get(key);
      if (worker === undefined || running === undefined) continue;
      worker.running.delete(key);
      worker.cancelled.delete(key);
      worker.rowsInFlight -= running.rows;
    }
    return effects;
  }),
  "keeps rows of tries that failed": withStep((state, event, now) => {
    const effects = step(state, event, now);
    const worker = event.type === "error" ? state.workers.get(event.workerId) : undefined;
    if (worker !== undefined) worker.rowsInFlight += 1;
    return effects;
  }),
};
