import type { SchedulerEvent } from "./events.ts";
import type { LiveRequest } from "./request.ts";
import { retryOrFail } from "./retry.ts";
import { RetryPermit } from "./retry-budget.ts";
import { settleError, settleResult } from "./settle.ts";
import type { SchedulerState } from "./state.ts";
import { attemptKey, type SchedulerWorker } from "./worker.ts";
import { condemn, loseWorker } from "./workers.ts";

type EventOf<T extends SchedulerEvent["type"]> = Extract<SchedulerEvent, { type: T }>;

/** New tokens from a worker. */
export function onChunk(state: SchedulerState, event: EventOf<"chunk">): void {
  const worker = workerOf(state, event);
  const request = currentAttempt(state, event);
  if (worker === undefined || (request !== undefined && event.seq < request.nextChunk)) {
    state.counts.stale += 1;
    return;
  }
  if (request === undefined) return;
  if (!request.stream) {
    return condemn(state, worker, "PROTOCOL", "A chunk came of a request that is not streamed.");
  }
  if (event.seq > request.nextChunk) {
    const reason = `Chunk ${event.seq} of a stream came where ${request.nextChunk} was due.`;
    return condemn(state, worker, "PROTOCOL", reason);
  }
  request.nextChunk += 1;
  request.delivered = true;
  const { tokens, logProbs } = event;
  state.effects.push({ type: "deliver", requestId: request.id, tokens, logProbs });
}

/** A worker's answer. */
export function onResult(state: SchedulerState, event: EventOf<"result">, now: number): void {
  const request = currentAttempt(state, event);
  const worker = release(state, event, now);
  if (worker === undefined || request === undefined) return;
  if (request.stream && event.chunks !== request.nextChunk) {
    const message = `A result spoke of ${event.chunks} chunks where ${request.nextChunk} had come.`;
    condemn(state, worker, "PROTOCOL", message);
    const failure = { attempt: event.attempt, workerId: event.workerId, code: "PROTOCOL", message };
    const terms = { permit: new RetryPermit(state.budget), alone: false, counted: true };
    return retryOrFail(state, request, failure, terms, now);
  }
  settleResult(state, request, event.payload, event.workerId, now);
}

/** A worker's refusal or failure of one request. */
export function onError(state: SchedulerState, event: EventOf<"error">, now: number): void {
  const { attempt, workerId, code, message } = event;
  if (code === "CUDA_FATAL") {
    const dying = workerOf(state, event);
    if (dying === undefined) {
      state.counts.stale += 1;
      return;
    }
    // The device is gone for everything the process runs: one death, not a failure of one request.
    condemn(state, dying, code, message);
    return loseWorker(state, dying, event, now);
  }
  const request = currentAttempt(state, event);
  const worker = release(state, event, now);
  if (worker === undefined) return;
  if (code === "DRAINING" && worker.standing === "serving") worker.standing = "leaving";
  if (request === undefined) return;
  const failure = { attempt, workerId, code, message };
  switch (code) {
    case "DRAINING":
      return retryOrFail(state, request, failure, { permit: undefined, alone: false, counted: false }, now);
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
      return retryOrFail(state, request, failure, { permit: undefined, alone: true, counted: true }, now);
    case "OUTPUT_INVALID":
    case "PROTOCOL": {
      const terms = { permit: new RetryPermit(state.budget), alone: false, counted: true };
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

/** The worker an event comes from, if it has that try in its hands in its present life. */
function workerOf(state: SchedulerState, event: AttemptEvent): SchedulerWorker | undefined {
  const worker = state.workers.get(event.workerId);
  if (worker?.epoch !== event.epoch) return undefined;
  return worker.running.has(attemptKey(event.requestId, event.attempt)) ? worker : undefined;
}

/** The request an event is about, if it speaks for the try that runs now; a settled one is not there any more. */
function currentAttempt(state: SchedulerState, event: AttemptEvent): LiveRequest | undefined {
  const request = state.requests.get(event.requestId);
  const current =
    request?.phase === "running" &&
    request.workerId === event.workerId &&
    request.attempt === event.attempt &&
    workerOf(state, event) !== undefined;
  return current ? request : undefined;
}

/** Gives the rows of an ended try back to its worker; undefined when the message is of the past. */
function release(state: SchedulerState, event: AttemptEvent, now: number): SchedulerWorker | undefined {
  const worker = workerOf(state, event);
  const key = attemptKey(event.requestId, event.attempt);
  const running = worker?.running.get(key);
  if (worker === undefined || running === undefined) {
    state.counts.stale += 1;
    return undefined;
  }
  worker.running.delete(key);
  worker.cancelled.delete(key);
  worker.rowsInFlight -= running.rows;
  worker.lastActiveAt = now;
  if (worker.running.size === 0) worker.solo = false;
  return worker;
}
