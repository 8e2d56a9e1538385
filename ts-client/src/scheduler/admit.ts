import { enqueue, startWaiting } from "./queue.ts";
import { liveRequest, type NewRequest } from "./request.ts";
import { reject, settleError } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import { isOpen } from "./worker.ts";

/** Takes a request in, or refuses it before it costs anything. */
export function admit(state: SchedulerState, request: NewRequest, now: number): void {
  state.counts.submitted += 1;
  if (state.mode === "closed") return reject(state, request.id, "POOL_CLOSED", "The pool is closed.");
  if (state.mode !== "open") {
    return reject(state, request.id, "DRAINING", "The pool is draining and takes no new requests.");
  }
  if (state.requests.has(request.id)) {
    return reject(
      state,
      request.id,
      "INVALID_ARGUMENT",
      `A request with the id ${request.id} is already under way.`,
    );
  }
  if (state.usedIds.has(request.id)) {
    const message = `A request with the id ${request.id} has run already: each one needs an id of its own.`;
    return reject(state, request.id, "INVALID_ARGUMENT", message);
  }
  const model = state.models.get(request.modelId);
  if (model === undefined) {
    const known = [...state.models.keys()].join(", ") || "none";
    return reject(
      state,
      request.id,
      "MODEL_NOT_FOUND",
      `No model is called "${request.modelId}" here. Known models: ${known}.`,
    );
  }
  if (model.trouble !== undefined) {
    const { code, message, retryAfterMs } = model.trouble;
    return reject(state, request.id, code, message, retryAfterMs);
  }
  const { maxQueueRequests, maxQueueBytes } = state.policy;
  if (state.waiting >= maxQueueRequests || state.waitingBytes >= maxQueueBytes) {
    const full =
      state.waiting >= maxQueueRequests
        ? `${state.waiting} requests wait`
        : `${state.waitingBytes} bytes wait`;
    return reject(state, request.id, "OVERLOADED", `The queue is full: ${full}.`, overloaded(state));
  }
  if (request.deadlineAt <= now) {
    return reject(state, request.id, "DEADLINE_EXCEEDED", "The deadline had passed before the request came.");
  }
  const live = liveRequest(request, now, state.arrivals++);
  state.requests.set(live.id, live);
  state.budget.earn(now);
  startWaiting(state, live);
  if (live.deadlineAt !== Number.POSITIVE_INFINITY) state.timers.push(live.deadlineAt, live.id);
  if (live.queueTimeoutMs !== undefined) state.timers.push(now + live.queueTimeoutMs, live.id);
  state.effects.push({ type: "prepare", requestId: live.id });
}

/** The inputs are there: the request may run. */
export function prepared(state: SchedulerState, requestId: string, bytes: number): void {
  const request = state.requests.get(requestId);
  if (request === undefined || request.phase !== "preparing") return;
  const model = state.models.get(request.modelId);
  if (model === undefined) {
    return settleError(state, request, "MODEL_NOT_FOUND", `The model "${request.modelId}" was unloaded.`);
  }
  // Its size was not known when it was taken in. One that is over the limit by itself may wait alone.
  if (state.waitingBytes > 0 && state.waitingBytes + bytes > state.policy.maxQueueBytes) {
    const message = `The queue is full: ${state.waitingBytes} bytes wait, and the inputs are ${bytes} bytes.`;
    return settleError(state, request, "OVERLOADED", message, { retryAfterMs: overloaded(state) });
  }
  request.phase = "queued";
  request.bytes = bytes;
  state.waitingBytes += bytes;
  enqueue(model, request);
}

/** Tells that the queue is full, and returns when it may be worth trying again. */
function overloaded(state: SchedulerState): number {
  const retryAfterMs = estimatedWait(state);
  state.effects.push({ type: "overloaded", queued: state.waiting, retryAfterMs });
  return retryAfterMs;
}

/** How long until the queue has room, by the recent pace; never less than 50 ms. */
function estimatedWait(state: SchedulerState): number {
  let slots = 0;
  for (const worker of state.workers.values()) if (isOpen(worker)) slots += worker.slots;
  const perRequest = slots === 0 ? 1000 : (state.serviceMs || 100) / slots;
  return Math.max(50, Math.ceil(perRequest * Math.max(1, state.waiting / 10)));
}
