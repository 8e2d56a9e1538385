import type { LiveRequest } from "./request.ts";
import { abandon } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import type { SchedulerWorker } from "./worker.ts";
import { condemn } from "./workers.ts";

/** Ends what is over its time. */
export function expire(state: SchedulerState, now: number): void {
  condemnSilent(state, now);
  // Timers of settled requests stay until they are due; a long deadline must not let them pile up.
  if (state.timers.size > 1024 + 16 * state.requests.size)
    state.timers.retain((id) => state.requests.has(id));
  for (;;) {
    const requestId = state.timers.popDue(now);
    if (requestId === undefined) return;
    const request = state.requests.get(requestId);
    if (request !== undefined) expireOne(state, request, now);
  }
}

/** When `expire` has something to do at the latest. */
export function nextExpiry(state: SchedulerState): number {
  let at = state.timers.nextAt;
  for (const worker of state.workers.values()) at = Math.min(at, confirmationDue(worker));
  return at;
}

/** Has workers replaced that did not confirm a cancelled try: they would hold its rows for ever. */
function condemnSilent(state: SchedulerState, now: number): void {
  for (const worker of state.workers.values()) {
    if (confirmationDue(worker) > now) continue;
    const reason = `A cancelled try was not confirmed within ${state.policy.cancelGraceMs} ms.`;
    condemn(state, worker, "WORKER_HUNG", reason);
  }
}

function confirmationDue(worker: SchedulerWorker): number {
  if (worker.cancelled.size === 0 || worker.standing === "condemned") return Number.POSITIVE_INFINITY;
  for (const due of worker.cancelled.values()) return due;
  return Number.POSITIVE_INFINITY;
}

function expireOne(state: SchedulerState, request: LiveRequest, now: number): void {
  const age = Math.round(now - request.arrivedAt);
  if (request.deadlineAt <= now) {
    return abandon(
      state,
      request,
      now,
      "DEADLINE_EXCEEDED",
      `The deadline passed after ${age} ms, while ${request.phase}.`,
    );
  }
  const waits = request.phase !== "running";
  if (waits && request.queueTimeoutMs !== undefined && request.queuedAt + request.queueTimeoutMs <= now) {
    return abandon(
      state,
      request,
      now,
      "DEADLINE_EXCEEDED",
      `The queue timeout of ${request.queueTimeoutMs} ms passed.`,
    );
  }
  if (!waits && request.runTimeoutMs !== undefined && request.startedAt + request.runTimeoutMs <= now) {
    abandon(
      state,
      request,
      now,
      "DEADLINE_EXCEEDED",
      `The run timeout of ${request.runTimeoutMs} ms passed.`,
    );
  }
}
