import type { SchedulerEffect } from "../../scheduler/index.ts";
import type { CheckContext, Report } from "./check-context.ts";
import type { Ledger, LedgerRequest } from "./ledger.ts";

type Dispatch = Extract<SchedulerEffect, { type: "dispatch" }>;

/** A batch was sent to a worker. */
export function checkDispatch(context: CheckContext, effect: Dispatch, report: Report): void {
  const { ledger, now, thorough } = context;
  const worker = ledger.workers.get(effect.workerId);
  if (worker === undefined || worker.epoch !== effect.epoch) {
    return report("dispatch to a worker that is gone", `${effect.workerId} ${effect.epoch}`);
  }
  if (ledger.mode === "closed") report("dispatch after closing", worker.id);
  if (!worker.accepting || worker.retired) report("dispatch to a worker that takes nothing", worker.id);
  if (worker.solo) report("company for a request that runs alone", worker.id);
  const { maxBatch } = ledger.policy;
  if (effect.items.length > maxBatch) report("batch over its limit", `${effect.items.length}`);
  const wasIdle = worker.running.size === 0;
  let key: string | undefined;
  for (const { requestId, attempt } of effect.items) {
    const request = ledger.requests.get(requestId);
    if (request?.phase !== "queued") {
      report("dispatch of what does not wait", `${requestId}, ${request?.phase ?? "not live"}`);
      continue;
    }
    if (thorough && key === undefined) checkOrder(ledger, request, report);
    key ??= request.batchKey;
    if (request.batchKey !== key) report("mixed batch", `${request.batchKey} with ${key}`);
    if (request.modelId !== worker.modelId) report("dispatch to another model", requestId);
    if (attempt !== request.attempt + 1) report("attempt out of sequence", `${requestId}/${attempt}`);
    if (request.alone && !(wasIdle && effect.items.length === 1)) report("suspect in company", requestId);
    checkTry(ledger, request, now, report);
    ledger.toWorker(request, worker, now);
  }
  const mayExceed = wasIdle && effect.items.length === 1;
  if (worker.rows > worker.slots && !mayExceed) report("over its slots", `${worker.id}: ${worker.rows}`);
}

/** Whether the request may have one more try. */
function checkTry(ledger: Ledger, request: LedgerRequest, now: number, report: Report): void {
  const { id, deaths, soloDeaths, incident } = request;
  const { maxDeaths, maxSoloDeaths, retriesPerSecond, retryRatio, retryWindowMs } = ledger.policy;
  if (request.delivered) report("tried again after a delivered token", id);
  if (request.deadlineAt <= now) report("dispatched after its deadline", id);
  if (deaths >= maxDeaths || soloDeaths >= maxSoloDeaths) report("poison not quarantined", id);
  if (request.retries > request.maxRetries) report("tried too often", id);
  if (incident === undefined || incident.used) return;
  incident.used = true;
  ledger.permitsUsed += 1;
  const seconds = (now + retryWindowMs) / 1000;
  const permits = retriesPerSecond * seconds + retryRatio * ledger.admitted;
  if (ledger.permitsUsed > permits + 1) {
    report("over the retry budget", `${ledger.permitsUsed} retries with ${permits.toFixed(1)} permits`);
  }
}

/**
 * Nothing stands before the head of a batch that would have fitted as well. Where there is one worker, nothing
 * at all does: it is kept for the request that needs more room, or that would wait for ever.
 */
function checkOrder(ledger: Ledger, head: LedgerRequest, report: Report): void {
  let workers = 0;
  for (const { modelId } of ledger.workers.values()) if (modelId === head.modelId) workers += 1;
  const strict = workers === 1;
  if (!strict && (head.attempt > 0 || head.rows > 1)) return;
  for (const other of ledger.requests.values()) {
    if (other.phase !== "queued" || other.attempt > 0 || other === head) continue;
    if (other.modelId !== head.modelId || (!strict && other.rows > 1)) continue;
    const before =
      other.priority > head.priority || (other.priority === head.priority && other.order < head.order);
    if (before) return report("out of order", `${head.id} before ${other.id}`);
  }
}
