import type { SchedulerEvent } from "./events.ts";
import { retryOrFail } from "./retry.ts";
import { RetryPermit } from "./retry-budget.ts";
import { abandon, settleError } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import type { SchedulerWorker } from "./worker.ts";

/** Ended lives that are remembered. */
const LOST_EPOCHS = 1024;

type EventOf<T extends SchedulerEvent["type"]> = Extract<SchedulerEvent, { type: T }>;

/** A worker has loaded its model and takes work. */
export function onWorkerReady(state: SchedulerState, event: EventOf<"workerReady">, now: number): void {
  const { workerId: id, modelId, epoch, slots } = event;
  const model = state.models.get(modelId);
  const former = state.workers.get(id);
  const over = Math.max(state.lostEpochs.get(id) ?? -1, former?.epoch ?? -1);
  if (model === undefined || epoch <= over) {
    state.counts.stale += 1;
    return;
  }
  if (former !== undefined) {
    const message = "The worker came back in a new life.";
    loseWorker(state, former, { code: "WORKER_LOST", message }, now);
  }
  model.trouble = undefined;
  state.workers.set(id, {
    id,
    modelId,
    epoch,
    slots,
    accepting: true,
    standing: "serving",
    running: new Map(),
    cancelled: new Map(),
    rowsInFlight: 0,
    solo: false,
    lastActiveAt: now,
  });
}

/** A worker is gone. */
export function onWorkerLost(state: SchedulerState, event: EventOf<"workerLost">, now: number): void {
  const { workerId, epoch } = event;
  const worker = state.workers.get(workerId);
  if (worker?.epoch === epoch) return loseWorker(state, worker, event, now);
  rememberLost(state, workerId, epoch);
}

/** Notes that a life is over, also one that never was READY here. Ids may be new with every life: old ones go. */
function rememberLost(state: SchedulerState, workerId: string, epoch: number): void {
  const { lostEpochs } = state;
  const newest = Math.max(epoch, lostEpochs.get(workerId) ?? -1);
  lostEpochs.delete(workerId);
  lostEpochs.set(workerId, newest);
  if (lostEpochs.size <= LOST_EPOCHS) return;
  for (const oldest of lostEpochs.keys()) {
    lostEpochs.delete(oldest);
    return;
  }
}

/** Takes a worker off the books. Its requests are tried elsewhere, each alone; the death costs one permit. */
export function loseWorker(
  state: SchedulerState,
  worker: SchedulerWorker,
  cause: { readonly code: string; readonly message: string },
  now: number,
): void {
  // Gone first: whatever it still says is of the past.
  state.workers.delete(worker.id);
  rememberLost(state, worker.id, worker.epoch);
  const { code, message } = cause;
  const company = worker.running.size > 1;
  const permit = new RetryPermit(state.budget);
  for (const { requestId, attempt } of worker.running.values()) {
    const request = state.requests.get(requestId);
    if (request === undefined || request.workerId !== worker.id || request.attempt !== attempt) continue;
    request.deaths += 1;
    if (!company) request.soloDeaths += 1;
    const { maxDeaths, maxSoloDeaths } = state.policy;
    if (request.deaths >= maxDeaths || request.soloDeaths >= maxSoloDeaths) {
      request.failures.push({ attempt, workerId: worker.id, code, message });
      settleError(
        state,
        request,
        "POISON_QUARANTINED",
        `${request.deaths} workers died with this request in their hands, so it is not tried again.`,
      );
      continue;
    }
    const failure = { attempt, workerId: worker.id, code, message };
    retryOrFail(state, request, failure, { permit, alone: true, counted: true }, now);
  }
}

/** Has a worker replaced. What it runs may still end well. */
export function condemn(state: SchedulerState, worker: SchedulerWorker, code: string, reason: string): void {
  if (worker.standing === "condemned") return;
  worker.standing = "condemned";
  state.effects.push({ type: "recycle", workerId: worker.id, code, reason });
}

/** A model can be asked for from now on, also before its first worker is ready. */
export function onModelAdded(state: SchedulerState, modelId: string): void {
  if (state.models.has(modelId)) return;
  state.models.set(modelId, { id: modelId, queue: [], trouble: undefined });
}

/** A model is gone: what waits for it ends, what runs goes on. */
export function onModelRemoved(state: SchedulerState, modelId: string): void {
  const model = state.models.get(modelId);
  if (model === undefined) return;
  endWaiting(state, modelId, "MODEL_NOT_FOUND", `The model "${modelId}" was unloaded.`, undefined);
  state.models.delete(modelId);
  for (const worker of state.workers.values()) {
    if (worker.modelId === modelId && worker.standing === "serving") worker.standing = "leaving";
  }
}

/** No worker of the model will come for a while: what waits ends with the reason, unless some still work. */
export function onModelFailed(state: SchedulerState, event: EventOf<"modelFailed">): void {
  const model = state.models.get(event.modelId);
  if (model === undefined) return;
  for (const worker of state.workers.values()) {
    if (worker.modelId === event.modelId && worker.standing === "serving") return;
  }
  model.trouble = { code: event.code, message: event.message, retryAfterMs: event.retryAfterMs };
  endWaiting(state, event.modelId, event.code, event.message, event.retryAfterMs);
}

/** Ends every request, wherever it is. */
export function endAll(state: SchedulerState, now: number): void {
  for (const request of [...state.requests.values()]) {
    abandon(state, request, now, "POOL_CLOSED", "The pool was closed.");
  }
}

function endWaiting(
  state: SchedulerState,
  modelId: string,
  code: string,
  message: string,
  retryAfterMs: number | undefined,
): void {
  for (const request of [...state.requests.values()]) {
    if (request.modelId !== modelId || request.phase === "running") continue;
    settleError(state, request, code, message, { retryAfterMs });
  }
}
