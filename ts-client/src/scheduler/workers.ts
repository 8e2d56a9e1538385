import type { SchedulerEvent } from "./events.ts";
import { retryOrFail } from "./retry.ts";
import { abandon, settleError } from "./settle.ts";
import type { SchedulerModel, SchedulerState } from "./state.ts";

type EventOf<T extends SchedulerEvent["type"]> = Extract<SchedulerEvent, { type: T }>;

/** A worker has loaded its model and takes work. */
export function onWorkerReady(state: SchedulerState, event: EventOf<"workerReady">, now: number): void {
  const { workerId: id, modelId, epoch, slots } = event;
  const model = modelOf(state, modelId);
  model.trouble = undefined;
  state.workers.set(id, {
    id,
    modelId,
    epoch,
    slots,
    accepting: true,
    running: new Map(),
    rowsInFlight: 0,
    solo: false,
    lastActiveAt: now,
  });
}

/** A worker is gone. Its requests are tried elsewhere, each alone, and the death costs one permit. */
export function onWorkerLost(state: SchedulerState, event: EventOf<"workerLost">, now: number): void {
  const worker = state.workers.get(event.workerId);
  if (worker === undefined || worker.epoch !== event.epoch) return;
  // Gone from the books first: whatever it still says is of the past.
  state.workers.delete(worker.id);
  if (worker.running.size === 0) return;
  const company = worker.running.size > 1;
  let permittedAt: number | undefined;
  for (const { requestId, attempt } of worker.running.values()) {
    const request = state.requests.get(requestId);
    if (request === undefined || request.workerId !== worker.id || request.attempt !== attempt) continue;
    request.deaths += 1;
    if (!company) request.soloDeaths += 1;
    const { maxDeaths, maxSoloDeaths } = state.policy;
    if (request.deaths >= maxDeaths || request.soloDeaths >= maxSoloDeaths) {
      const { code, message } = event;
      request.failures.push({ attempt, workerId: worker.id, code, message });
      settleError(
        state,
        request,
        "POISON_QUARANTINED",
        `${request.deaths} workers died with this request in their hands, so it is not tried again.`,
      );
      continue;
    }
    permittedAt ??= state.budget.reserve(now);
    const failure = { attempt, workerId: worker.id, code: event.code, message: event.message };
    retryOrFail(state, request, failure, { permittedAt, alone: true, counted: false }, now);
  }
}

/** A model can be asked for from now on, also before its first worker is ready. */
export function onModelAdded(state: SchedulerState, modelId: string): void {
  modelOf(state, modelId);
}

/** A model is gone: what waits for it ends, what runs goes on. */
export function onModelRemoved(state: SchedulerState, modelId: string): void {
  const model = state.models.get(modelId);
  if (model === undefined) return;
  endWaiting(state, modelId, "MODEL_NOT_FOUND", `The model "${modelId}" was unloaded.`, undefined);
  state.models.delete(modelId);
}

/** No worker of the model will come for a while: what waits ends with the reason, unless some still work. */
export function onModelFailed(state: SchedulerState, event: EventOf<"modelFailed">): void {
  const model = state.models.get(event.modelId);
  if (model === undefined) return;
  for (const worker of state.workers.values()) if (worker.modelId === event.modelId) return;
  model.trouble = { code: event.code, message: event.message, retryAfterMs: event.retryAfterMs };
  endWaiting(state, event.modelId, event.code, event.message, event.retryAfterMs);
}

/** Ends every request, wherever it is. */
export function endAll(state: SchedulerState): void {
  for (const request of [...state.requests.values()]) {
    abandon(state, request, "POOL_CLOSED", "The pool was closed.");
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

function modelOf(state: SchedulerState, modelId: string): SchedulerModel {
  const known = state.models.get(modelId);
  if (known !== undefined) return known;
  const model: SchedulerModel = { id: modelId, queue: [], trouble: undefined };
  state.models.set(modelId, model);
  return model;
}
