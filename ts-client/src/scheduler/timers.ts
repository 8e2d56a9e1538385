import type { LiveRequest } from "./request.ts";
import { abandon, CANCEL_TELLS, tellToStop } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import type { CancelledAttempt, SchedulerWorker } from "./worker.ts";
import { condemn } from "./workers.ts";

/** Ends what is over its time. */
export function expire(state: SchedulerState, now: number): void {
  remind(state, now);
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
  for (const worker of state.workers.values()) at = Math.min(at, unconfirmed(worker)?.due ?? at);
  return at;
}

/** Reminds workers of cancelled tries they did not confirm; in the end replaces them, or the rows were lost. */
function remind(state: SchedulerState, now: number): void {
  for (const worker of state.workers.values()) {
    for (let next = unconfirmed(worker); next !== undefined && next.due <= now; next = unconfirmed(worker)) {
      if (next.told < CANCEL_TELLS) {
        tellToStop(state, worker, { ...next, told: next.told + 1 }, now);
      } else {
        const reason = `A cancelled try was not confirmed within ${state.policy.cancelGraceMs} ms.`;
        condemn(state, worker, "WORKER_HUNG", reason);
      }
    }
  }
}

/** The cancelled try that is due next, of a worker that is not being replaced anyway. */
function unconfirmed(worker: SchedulerWorker): CancelledAttempt | undefined {
  if (worker.cancelled.size === 0 || worker.standing === "condemned") return undefined;
  for (const cancelled of worker.cancelled.values()) return cancelled;
  return undefined;
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
