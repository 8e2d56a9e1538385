import type { LiveRequest } from "./request.ts";
import { abandon } from "./settle.ts";
import type { SchedulerState } from "./state.ts";

/** Ends what is over its time. */
export function expire(state: SchedulerState, now: number): void {
  // Timers of settled requests stay until they are due; a long deadline must not let them pile up.
  if (state.timers.size > 1024 + 8 * state.requests.size) state.timers.retain((id) => state.requests.has(id));
  for (;;) {
    const requestId = state.timers.popDue(now);
    if (requestId === undefined) return;
    const request = state.requests.get(requestId);
    if (request !== undefined) expireOne(state, request, now);
  }
}

function expireOne(state: SchedulerState, request: LiveRequest, now: number): void {
  const age = Math.round(now - request.arrivedAt);
  if (request.deadlineAt <= now) {
    return abandon(
      state,
      request,
      "DEADLINE_EXCEEDED",
      `The deadline passed after ${age} ms, while ${request.phase}.`,
    );
  }
  const waits = request.phase !== "running";
  if (waits && request.queueTimeoutMs !== undefined && request.arrivedAt + request.queueTimeoutMs <= now) {
    return abandon(
      state,
      request,
      "DEADLINE_EXCEEDED",
      `The queue timeout of ${request.queueTimeoutMs} ms passed.`,
    );
  }
  if (!waits && request.runTimeoutMs !== undefined && request.startedAt + request.runTimeoutMs <= now) {
    abandon(state, request, "DEADLINE_EXCEEDED", `The run timeout of ${request.runTimeoutMs} ms passed.`);
  }
}
