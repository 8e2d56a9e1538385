import { enqueue, startWaiting } from "./queue.ts";
import type { AttemptFailure, LiveRequest } from "./request.ts";
import { settleError } from "./settle.ts";
import type { SchedulerState } from "./state.ts";

/** What to do with a request whose try failed. */
export interface RetryTerms {
  /** When the retry budget lets it go on. */
  readonly permittedAt: number;
  /** Run it without company. */
  readonly alone: boolean;
  /** Whether it counts against the request's own `maxRetries`. */
  readonly counted: boolean;
}

/** Puts a request back in the queue for another try, or ends it when it must not have one. */
export function retryOrFail(
  state: SchedulerState,
  request: LiveRequest,
  failure: AttemptFailure,
  terms: RetryTerms,
  now: number,
): void {
  request.failures.push(failure);
  const { code, message } = failure;
  if (request.delivered) {
    return settleError(state, request, code, `${message} The stream had begun, so it was not tried again.`);
  }
  if (state.mode === "closed") return settleError(state, request, "POOL_CLOSED", "The pool was closed.");
  if (terms.counted && countedFailures(request) > request.maxRetries) {
    return settleError(state, request, code, `${message} ${request.attempt} tries were made.`);
  }
  const model = state.models.get(request.modelId);
  if (model === undefined) return settleError(state, request, code, message);
  if (model.trouble !== undefined) {
    return settleError(state, request, model.trouble.code, model.trouble.message, {
      retryAfterMs: model.trouble.retryAfterMs,
    });
  }
  const { retryDelayMs, maxRetryDelayMs } = state.policy;
  const longest = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (request.attempt - 1));
  request.phase = "queued";
  request.workerId = undefined;
  request.avoid = failure.workerId;
  request.alone ||= terms.alone;
  request.notBefore = Math.max(terms.permittedAt, now + Math.floor(state.random.next() * longest));
  state.timers.push(request.notBefore, request.id);
  startWaiting(state, request);
  enqueue(model, request);
  state.counts.retried += 1;
  state.effects.push({ type: "retried", requestId: request.id, failure });
}

/** Deaths have limits of their own; tries that never began are free. */
function countedFailures(request: LiveRequest): number {
  return request.failures.filter(({ code }) => code !== "DRAINING" && code !== "WORKER_LOST").length;
}
