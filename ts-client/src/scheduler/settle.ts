import { dequeue, stopWaiting } from "./queue.ts";
import type { LiveRequest } from "./request.ts";
import type { SchedulerState } from "./state.ts";
import { attemptKey, type CancelledAttempt, type SchedulerWorker } from "./worker.ts";

/** Ids that are remembered for each worker: as many as a worker remembers itself. */
const USED_IDS = 4096;

/** How often a worker is told to stop a try before it is given up. */
export const CANCEL_TELLS = 10;

/** Refuses a request that was never taken in. */
export function reject(
  state: SchedulerState,
  requestId: string,
  code: string,
  message: string,
  retryAfterMs?: number,
): void {
  state.counts.rejected += 1;
  state.effects.push({
    type: "settle",
    requestId,
    outcome: { ok: false, code, message, path: undefined, retryAfterMs, failures: [], failure: undefined },
  });
}

interface ErrorExtras {
  readonly path?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly failure?: unknown;
}

/** Ends a request with an error. */
export function settleError(
  state: SchedulerState,
  request: LiveRequest,
  code: string,
  message: string,
  extras: ErrorExtras = {},
): void {
  if (code === "CANCELLED") state.counts.cancelled += 1;
  else state.counts.failed += 1;
  forget(state, request);
  state.effects.push({
    type: "settle",
    requestId: request.id,
    outcome: {
      ok: false,
      code,
      message,
      path: extras.path,
      retryAfterMs: extras.retryAfterMs,
      failures: request.failures,
      failure: extras.failure,
    },
  });
}

/** Ends a request with its answer. */
export function settleResult(
  state: SchedulerState,
  request: LiveRequest,
  payload: unknown,
  workerId: string,
  now: number,
): void {
  const took = now - request.startedAt;
  state.serviceMs = state.serviceMs === 0 ? took : state.serviceMs * 0.9 + took * 0.1;
  state.counts.completed += 1;
  forget(state, request);
  state.effects.push({
    type: "settle",
    requestId: request.id,
    outcome: {
      ok: true,
      payload,
      workerId,
      attempt: request.attempt,
      queueMs: request.startedAt - request.arrivedAt,
      failures: request.failures,
    },
  });
}

/** Ends a request from outside, wherever it is; a worker that has it is told to stop. */
export function abandon(
  state: SchedulerState,
  request: LiveRequest,
  now: number,
  code: string,
  message: string,
): void {
  const worker = request.workerId === undefined ? undefined : state.workers.get(request.workerId);
  if (request.phase === "running" && worker !== undefined) {
    const { id: requestId, attempt } = request;
    tellToStop(state, worker, { requestId, attempt, reason: code, told: 1 }, now);
  }
  settleError(state, request, code, message);
}

/** Tells a worker to stop a try. It is told again while it does not confirm: the first word may have been lost. */
export function tellToStop(
  state: SchedulerState,
  worker: SchedulerWorker,
  cancelled: Omit<CancelledAttempt, "due">,
  now: number,
): void {
  const { requestId, attempt, reason } = cancelled;
  const key = attemptKey(requestId, attempt);
  // Put at the end: all wait equally long, so the order is that of the times.
  worker.cancelled.delete(key);
  worker.cancelled.set(key, { ...cancelled, due: now + state.policy.cancelGraceMs / CANCEL_TELLS });
  state.effects.push({ type: "cancelAttempt", workerId: worker.id, requestId, attempt, reason });
}

/** Takes a request off the books. What a worker still runs of it stays counted there until it ends. */
function forget(state: SchedulerState, request: LiveRequest): void {
  state.requests.delete(request.id);
  if (request.attempt > 0) rememberId(state, request.id);
  if (request.phase === "running") return;
  stopWaiting(state, request);
  if (request.phase === "queued") {
    const model = state.models.get(request.modelId);
    if (model !== undefined) dequeue(model, request);
  }
}

/** Workers remember as many tries each, and run none twice. */
function rememberId({ usedIds, workers }: SchedulerState, id: string): void {
  usedIds.add(id);
  const limit = USED_IDS * Math.max(1, workers.size);
  if (usedIds.size <= limit) return;
  for (const oldest of usedIds) {
    usedIds.delete(oldest);
    if (usedIds.size <= limit) return;
  }
}
