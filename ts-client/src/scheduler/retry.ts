import { enqueue, startWaiting } from "./queue.ts";
import type { AttemptFailure, LiveRequest } from "./request.ts";
import type { RetryPermit } from "./retry-budget.ts";
import { settleError } from "./settle.ts";
import type { SchedulerState } from "./state.ts";

/** What to do with a request whose try failed. */
export interface RetryTerms {
  /** The permit it needs; undefined when the try never began and costs nothing. */
  readonly permit: RetryPermit | undefined;
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
  if (terms.counted && request.retries >= request.maxRetries) {
    const tries = request.attempt === 1 ? "One try was made." : `${request.attempt} tries were made.`;
    return settleError(state, request, code, `${message} ${tries}`);
  }
  const model = state.models.get(request.modelId);
  if (model === undefined) return settleError(state, request, code, message);
  if (model.trouble !== undefined) {
    return settleError(state, request, model.trouble.code, model.trouble.message, {
      retryAfterMs: model.trouble.retryAfterMs,
    });
  }
  const permittedAt = terms.permit?.usableAt(now) ?? now;
  if (permittedAt >= request.deadlineAt) {
    const late = "The retry budget is spent, and its next permit comes after the deadline.";
    return settleError(state, request, code, `${message} ${late}`);
  }
  terms.permit?.take(now);
  const { retryDelayMs, maxRetryDelayMs } = state.policy;
  const longest = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (request.attempt - 1));
  if (terms.counted) request.retries += 1;
  request.phase = "queued";
  request.workerId = undefined;
  request.avoid = failure.workerId;
  request.alone ||= terms.alone;
  request.queuedAt = now;
  request.notBefore = Math.max(permittedAt, now + Math.floor(state.random.next() * longest));
  state.timers.push(request.notBefore, request.id);
  if (request.queueTimeoutMs !== undefined) state.timers.push(now + request.queueTimeoutMs, request.id);
  startWaiting(state, request);
  enqueue(model, request);
  state.counts.retried += 1;
  state.effects.push({ type: "retried", requestId: request.id, failure });
}
