import type { LiveRequest } from "./request.ts";
import type { SchedulerModel, SchedulerState } from "./state.ts";

/** Puts a request where its priority and age belong: higher first, then older first. */
export function enqueue(model: SchedulerModel, request: LiveRequest): void {
  const { queue } = model;
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other !== undefined && comesBefore(other, request)) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, request);
}

/** Takes a request out of its queue, wherever it stands. */
export function dequeue(model: SchedulerModel, request: LiveRequest): void {
  const index = model.queue.indexOf(request);
  if (index >= 0) model.queue.splice(index, 1);
}

/** Counts a request in as waiting: it takes room until it runs or ends. */
export function startWaiting(state: SchedulerState, request: LiveRequest): void {
  state.waiting += 1;
  state.waitingBytes += request.bytes;
}

/** Counts a request out. */
export function stopWaiting(state: SchedulerState, request: LiveRequest): void {
  state.waiting -= 1;
  state.waitingBytes -= request.bytes;
}

function comesBefore(left: LiveRequest, right: LiveRequest): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  return left.order < right.order;
}
