import { dequeue, stopWaiting } from "./queue.ts";
import type { LiveRequest } from "./request.ts";
import type { SchedulerModel, SchedulerState } from "./state.ts";
import { attemptKey, isOpen, type SchedulerWorker } from "./worker.ts";

/** Fills the workers: idle ones at once, each with what may share a batch. */
export function dispatch(state: SchedulerState, now: number): void {
  for (const model of state.models.values()) {
    while (model.queue.length > 0 && dispatchOne(state, model, now)) {
      // One batch a turn, until no worker has room or nothing is due.
    }
  }
}

function dispatchOne(state: SchedulerState, model: SchedulerModel, now: number): boolean {
  const open = openWorkers(state, model);
  for (const head of model.queue) {
    if (open.length === 0) return false;
    if (head.notBefore > now) continue;
    const worker = pickWorker(open, head);
    if (worker !== undefined) {
      send(state, model, worker, formBatch(model, open, worker, head, state.policy.maxBatch, now), now);
      return true;
    }
    // Where a single row does not fit, nothing does.
    if (head.rows === 1 && !head.alone) return false;
    // What needs more room keeps the worker that is nearest to having it, or smaller requests would always
    // be quicker to take the room.
    open.splice(open.indexOf(leastLoaded(open)), 1);
  }
  return false;
}

function openWorkers(state: SchedulerState, model: SchedulerModel): SchedulerWorker[] {
  const open: SchedulerWorker[] = [];
  for (const worker of state.workers.values()) {
    if (worker.modelId === model.id && isOpen(worker) && !worker.solo) open.push(worker);
  }
  return open;
}

/** The least loaded worker that can take the request; the one it last failed on only when there is no other. */
function pickWorker(open: readonly SchedulerWorker[], request: LiveRequest): SchedulerWorker | undefined {
  let best: SchedulerWorker | undefined;
  for (const worker of open) {
    if (!fits(worker, request)) continue;
    if (best === undefined || isBetter(worker, best, request)) best = worker;
  }
  return best;
}

function leastLoaded(open: readonly SchedulerWorker[]): SchedulerWorker {
  return open.reduce((best, worker) => (worker.rowsInFlight < best.rowsInFlight ? worker : best));
}

/** Rows over a worker's slots run when it is idle. */
function fits(worker: SchedulerWorker, request: LiveRequest): boolean {
  if (worker.running.size === 0) return true;
  return !request.alone && worker.rowsInFlight + request.rows <= worker.slots;
}

function isBetter(worker: SchedulerWorker, best: SchedulerWorker, request: LiveRequest): boolean {
  const avoided = worker.id === request.avoid;
  if (avoided !== (best.id === request.avoid)) return !avoided;
  if (worker.rowsInFlight !== best.rowsInFlight) return worker.rowsInFlight < best.rowsInFlight;
  return worker.lastActiveAt < best.lastActiveAt;
}

/** The head, and after it what has the same key, while the worker's share of rows lasts. */
function formBatch(
  model: SchedulerModel,
  open: readonly SchedulerWorker[],
  worker: SchedulerWorker,
  head: LiveRequest,
  maxBatch: number,
  now: number,
): LiveRequest[] {
  const batch = [head];
  if (head.alone) return batch;
  let rows = worker.rowsInFlight + head.rows;
  const share = Math.min(worker.slots, evenLoad(model, open));
  for (const request of model.queue) {
    if (rows >= share || batch.length >= maxBatch) break;
    if (request === head || request.alone || request.notBefore > now) continue;
    if (request.batchKey !== head.batchKey || rows + request.rows > worker.slots) continue;
    batch.push(request);
    rows += request.rows;
  }
  return batch;
}

/** Rows a worker may hold so that all open ones hold about as many once the queue is spread over them. */
function evenLoad(model: SchedulerModel, open: readonly SchedulerWorker[]): number {
  let rows = 0;
  let room = 0;
  for (const worker of open) {
    rows += worker.rowsInFlight;
    room += worker.slots;
  }
  for (const request of model.queue) {
    if (rows >= room) break;
    rows += request.rows;
  }
  return Math.ceil(rows / open.length);
}

function send(
  state: SchedulerState,
  model: SchedulerModel,
  worker: SchedulerWorker,
  batch: readonly LiveRequest[],
  now: number,
): void {
  for (const request of batch) {
    dequeue(model, request);
    stopWaiting(state, request);
    request.phase = "running";
    request.attempt += 1;
    request.workerId = worker.id;
    request.startedAt = now;
    request.nextChunk = 0;
    const { id: requestId, attempt, rows } = request;
    worker.running.set(attemptKey(requestId, attempt), { requestId, attempt, rows });
    worker.rowsInFlight += rows;
    if (request.alone) worker.solo = true;
    if (request.runTimeoutMs !== undefined) state.timers.push(now + request.runTimeoutMs, requestId);
  }
  worker.lastActiveAt = now;
  state.effects.push({
    type: "dispatch",
    workerId: worker.id,
    epoch: worker.epoch,
    items: batch.map(({ id: requestId, attempt }) => ({ requestId, attempt })),
  });
}
