import type { SchedulerEffect } from "../../scheduler/index.ts";
import { type CheckContext, type Report, settledBy } from "./check-context.ts";
import type { LedgerRequest } from "./ledger.ts";
import { isTooMuch } from "./note-event.ts";

type Settle = Extract<SchedulerEffect, { type: "settle" }>;

/** A request was taken in. */
export function checkAdmission(context: CheckContext, requestId: string, report: Report): void {
  const { ledger, event, now } = context;
  if (event.type !== "submit" || event.request.id !== requestId) {
    return report("prepared without a submit", requestId);
  }
  if (refusal(context) !== undefined)
    report("admitted against the rules", `${requestId}: ${refusal(context)}`);
  ledger.admit(event.request, now);
}

/** A request was refused, or came to its end. */
export function checkSettlement(context: CheckContext, effect: Settle, report: Report): void {
  const { ledger, event, now, pause } = context;
  const { requestId, outcome } = effect;
  const request = ledger.requests.get(requestId);
  if (event.type === "submit" && event.request.id === requestId && !isEndOfFormer(request, effect, now)) {
    const code = outcome.ok ? "ok" : outcome.code;
    const due = refusal(context);
    if (code !== due) report("refused without reason", `${requestId}: ${code}, due was ${due}`);
    return;
  }
  if (request === undefined) return report("settled twice, or never admitted", requestId);
  if (now > settledBy(request.deadlineAt, pause)) {
    report("settled late", `${requestId}: ${now - request.deadlineAt} ms after its deadline`);
  }
  if (outcome.ok) {
    if (event.type !== "result" || context.noted.current !== request) report("stale answer", requestId);
  } else if (!isBorneOut(context, request, outcome.code)) {
    report("failed without reason", `${requestId}: ${outcome.code} on ${event.type}`);
  } else if (isAbandoned(request, outcome.code) && !isToldToStop(context, request)) {
    report("worker not told to stop", requestId);
  }
  ledger.settle(request);
}

/** Whether a settlement on a submit ends an earlier request of the same id that was just due. */
function isEndOfFormer(request: LedgerRequest | undefined, { outcome }: Settle, now: number): boolean {
  return (
    request !== undefined && !outcome.ok && outcome.code === "DEADLINE_EXCEEDED" && isOverdue(request, now)
  );
}

/** The code with which the submitted request has to be refused now, if it has to. */
function refusal({ ledger, event, now }: CheckContext): string | undefined {
  if (event.type !== "submit") return undefined;
  const { request } = event;
  const { maxQueueRequests, maxQueueBytes } = ledger.policy;
  const model = ledger.models.get(request.modelId);
  if (ledger.mode !== "open") return ledger.mode === "closed" ? "POOL_CLOSED" : "DRAINING";
  if (ledger.requests.has(request.id) || ledger.ranLately(request.id)) return "INVALID_ARGUMENT";
  if (model === undefined) return "MODEL_NOT_FOUND";
  if (model.trouble !== undefined) return model.trouble;
  if (ledger.waiting >= maxQueueRequests || ledger.waitingBytes >= maxQueueBytes) return "OVERLOADED";
  return request.deadlineAt <= now ? "DEADLINE_EXCEEDED" : undefined;
}

/** Whether what happened bears out that a request ends with this code. */
function isBorneOut(context: CheckContext, request: LedgerRequest, code: string): boolean {
  const { ledger, event, noted, now } = context;
  const { maxDeaths, maxSoloDeaths } = ledger.policy;
  switch (code) {
    case "DEADLINE_EXCEEDED":
      return isOverdue(request, now);
    case "CANCELLED":
      return event.type === "cancel" && event.requestId === request.id;
    case "POOL_CLOSED":
      return event.type === "close";
    case "MODEL_NOT_FOUND":
      return event.type === "modelRemoved" && event.modelId === request.modelId;
    case "OVERLOADED":
      return event.type === "prepared" && event.requestId === request.id && isTooMuch(ledger, event.bytes);
    case "INVALID_ARGUMENT":
      return event.type === "prepareFailed" && event.requestId === request.id;
    case "POISON_QUARANTINED":
      return request.deaths >= maxDeaths || request.soloDeaths >= maxSoloDeaths;
    case "RESOURCE_EXHAUSTED":
      return (
        event.type === "error" && event.code === "CUDA_OOM" && noted.current === request && request.alone
      );
  }
  const trouble = ledger.models.get(request.modelId)?.trouble;
  if (code === trouble && (event.type === "modelFailed" || isFailed(context, request))) return true;
  if (isFailed(context, request)) return mustNotBeTriedAgain(context, request, code);
  return event.type === "error" && event.code === code && noted.current === request;
}

/** Whether it ends while a worker has it, by no doing of the worker's. */
function isAbandoned({ phase, workerId }: LedgerRequest, code: string): boolean {
  const outside = code === "DEADLINE_EXCEEDED" || code === "CANCELLED" || code === "POOL_CLOSED";
  return outside && phase === "running" && workerId !== undefined;
}

function isToldToStop({ effects }: CheckContext, { id, attempt }: LedgerRequest): boolean {
  return effects.some(
    (effect) => effect.type === "cancelAttempt" && effect.requestId === id && effect.attempt === attempt,
  );
}

function isFailed({ noted }: CheckContext, request: LedgerRequest): boolean {
  return noted.failed?.some((failed) => failed.request === request) === true;
}

function mustNotBeTriedAgain(context: CheckContext, request: LedgerRequest, code: string): boolean {
  const { ledger, noted, now, state } = context;
  const failed = noted.failed?.find((each) => each.request === request);
  if (failed?.code !== code) return false;
  return (
    request.delivered ||
    (failed.counted && request.retries >= request.maxRetries) ||
    !ledger.models.has(request.modelId) ||
    state.budget.nextAt(now) >= request.deadlineAt
  );
}

function isOverdue(request: LedgerRequest, now: number): boolean {
  const { deadlineAt, queueTimeoutMs, runTimeoutMs, phase, waitingSince, startedAt } = request;
  if (deadlineAt <= now) return true;
  return phase === "running"
    ? runTimeoutMs !== undefined && startedAt + runTimeoutMs <= now
    : queueTimeoutMs !== undefined && waitingSince + queueTimeoutMs <= now;
}
