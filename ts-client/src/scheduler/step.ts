import { admit, prepared } from "./admit.ts";
import { onChunk, onError, onResult } from "./attempts.ts";
import { dispatch } from "./dispatch.ts";
import type { SchedulerEffect } from "./effects.ts";
import type { SchedulerEvent } from "./events.ts";
import { abandon, settleError } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import { expire, nextExpiry } from "./timers.ts";
import {
  endAll,
  onModelAdded,
  onModelFailed,
  onModelRemoved,
  onWorkerLost,
  onWorkerReady,
} from "./workers.ts";

/**
 * Takes in one event and says what must be done.
 *
 * Deterministic: no clock, no chance, no I/O; `now` is the caller's monotonic time in milliseconds. The state
 * is changed in place.
 */
export function step(state: SchedulerState, event: SchedulerEvent, now: number): readonly SchedulerEffect[] {
  state.effects = [];
  expire(state, now);
  apply(state, event, now);
  if (state.mode !== "closed") dispatch(state, now);
  if (state.requests.size === 0) {
    state.timers.clear();
    if (state.mode === "draining") {
      state.mode = "drained";
      state.effects.push({ type: "drained" });
    }
  }
  return state.effects;
}

/** When `step` should be called with a tick at the latest; Infinity when nothing is pending. */
export function nextWake(state: SchedulerState): number {
  return nextExpiry(state);
}

function apply(state: SchedulerState, event: SchedulerEvent, now: number): void {
  switch (event.type) {
    case "submit":
      return admit(state, event.request, now);
    case "prepared":
      return prepared(state, event.requestId, event.bytes);
    case "prepareFailed": {
      const request = state.requests.get(event.requestId);
      if (request?.phase !== "preparing") return;
      const message = "The inputs could not be prepared.";
      return settleError(state, request, "INVALID_ARGUMENT", message, { failure: event.failure });
    }
    case "cancel": {
      const request = state.requests.get(event.requestId);
      if (request !== undefined) abandon(state, request, now, "CANCELLED", "The request was cancelled.");
      return;
    }
    case "chunk":
      return onChunk(state, event);
    case "result":
      return onResult(state, event, now);
    case "error":
      return onError(state, event, now);
    case "workerReady":
      return onWorkerReady(state, event, now);
    case "workerAccepting": {
      const worker = state.workers.get(event.workerId);
      if (worker !== undefined) worker.accepting = event.accepting;
      return;
    }
    case "workerLost":
      return onWorkerLost(state, event, now);
    case "modelAdded":
      return onModelAdded(state, event.modelId);
    case "modelRemoved":
      return onModelRemoved(state, event.modelId);
    case "modelFailed":
      return onModelFailed(state, event);
    case "drain":
      if (state.mode !== "closed") state.mode = "draining";
      return;
    case "close":
      state.mode = "closed";
      return endAll(state, now);
    case "tick":
      return;
  }
}
