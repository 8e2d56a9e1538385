import type { SchedulerEvent } from "./events.ts";
import type { LiveRequest } from "./request.ts";
import { retryOrFail } from "./retry.ts";
import { settleError, settleResult } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import { attemptKey } from "./worker.ts";

type EventOf<T extends SchedulerEvent["type"]> = Extract<SchedulerEvent, { type: T }>;

/** New tokens from a worker. */
export function onChunk(state: SchedulerState, event: EventOf<"chunk">): void {
  if (!isRunning(state, event)) {
    state.counts.stale += 1;
    return;
  }
  const request = currentAttempt(state, event);
  if (request === undefined) return;
  if (event.seq !== request.nextChunk) {
    const reason = `Chunk ${event.seq} of a stream came where ${request.nextChunk} was due.`;
    state.effects.push({ type: "recycle", workerId: event.workerId, code: "PROTOCOL", reason });
    return;
  }
  request.nextChunk += 1;
  request.delivered = true;
  state.effects.push({ type: "deliver", requestId: request.id, tokens: event.tokens });
}

/** A worker's answer. */
export function onResult(state: SchedulerState, event: EventOf<"result">, now: number): void {
  const request = currentAttempt(state, event);
  if (!release(state, event, now) || request === undefined) return;
  if (request.stream && event.chunks !== request.nextChunk) {
    const reason = `A result spoke of ${event.chunks} chunks where ${request.nextChunk} had come.`;
    state.effects.push({ type: "recycle", workerId: event.workerId, code: "PROTOCOL", reason });
    const failure = { attempt: event.attempt, workerId: event.workerId, code: "PROTOCOL", message: reason };
    const terms = { permittedAt: state.budget.reserve(now), alone: false, counted: true };
    return retryOrFail(state, request, failure, terms, now);
  }
  settleResult(state, request, event.payload, event.workerId, now);
}

/** A worker's refusal or failure of one request. */
export function onError(state: SchedulerState, event: EventOf<"error">, now: number): void {
  const request = currentAttempt(state, event);
  if (!release(state, event, now) || request === undefined) return;
  const { attempt, workerId, code, message } = event;
  const failure = { attempt, workerId, code, message };
  switch (code) {
    case "DRAINING":
      return retryOrFail(state, request, failure, { permittedAt: now, alone: false, counted: false }, now);
    case "CUDA_OOM":
      if (request.alone) {
        request.failures.push(failure);
        return settleError(
          state,
          request,
          "RESOURCE_EXHAUSTED",
          `${message} It ran alone and still did not fit.`,
        );
      }
      return retryOrFail(state, request, failure, { permittedAt: now, alone: true, counted: true }, now);
    case "OUTPUT_INVALID":
    case "PROTOCOL": {
      const terms = { permittedAt: state.budget.reserve(now), alone: false, counted: true };
      return retryOrFail(state, request, failure, terms, now);
    }
    default:
      request.failures.push(failure);
      return settleError(state, request, code, message, { path: event.path });
  }
}

interface AttemptEvent {
  readonly workerId: string;
  readonly epoch: number;
  readonly requestId: string;
  readonly attempt: number;
}

/** The request an event is about, if it speaks for the try that runs now; a settled one is not there any more. */
function currentAttempt(state: SchedulerState, event: AttemptEvent): LiveRequest | undefined {
  const request = state.requests.get(event.requestId);
  const current =
    isRunning(state, event) &&
    request?.phase === "running" &&
    request.workerId === event.workerId &&
    request.attempt === event.attempt;
  return current ? request : undefined;
}

/** Whether the worker, in its present life, has that try in its hands. */
function isRunning(state: SchedulerState, event: AttemptEvent): boolean {
  const worker = state.workers.get(event.workerId);
  return worker?.epoch === event.epoch && worker.running.has(attemptKey(event.requestId, event.attempt));
}

/** Gives the rows of an ended try back to its worker; false when the message is of the past. */
function release(state: SchedulerState, event: AttemptEvent, now: number): boolean {
  const worker = state.workers.get(event.workerId);
  const key = attemptKey(event.requestId, event.attempt);
  const running = worker?.epoch === event.epoch ? worker.running.get(key) : undefined;
  if (worker === undefined || running === undefined) {
    state.counts.stale += 1;
    return false;
  }
  worker.running.delete(key);
  worker.rowsInFlight -= running.rows;
  worker.lastActiveAt = now;
  if (worker.running.size === 0) worker.solo = false;
  return true;
}
