import { type CheckContext, type Report, settledBy } from "./check-context.ts";

/** The scheduler's own counts agree with the books. */
export function checkBooks({ ledger, state }: CheckContext, report: Report): void {
  compare("live requests", state.requests.size, ledger.requests.size, report);
  if (ledger.mode === "closed") compare("live requests after closing", ledger.requests.size, 0, report);
  compare("waiting", state.waiting, ledger.waiting, report);
  compare("waiting bytes", state.waitingBytes, ledger.waitingBytes, report);
  compare("workers", state.workers.size, ledger.workers.size, report);
  let queued = 0;
  for (const { queue } of state.models.values()) queued += queue.length;
  compare("queued", queued, ledger.queued, report);
  let slots = 0;
  for (const worker of ledger.workers.values()) {
    slots += Math.max(worker.slots, worker.rows);
    const known = state.workers.get(worker.id);
    compare(`epoch of ${worker.id}`, known?.epoch, worker.epoch, report);
    compare(`rows on ${worker.id}`, known?.rowsInFlight, worker.rows, report);
    compare(`tries on ${worker.id}`, known?.running.size, worker.running.size, report);
  }
  // Timers of settled requests are thrown out in bulk, and all of them when nothing is left.
  const timers = ledger.requests.size === 0 ? 0 : 1536 + 16 * (ledger.requests.size + slots);
  if (state.timers.size > timers) report("timers pile up", `${state.timers.size}`);
}

/** No worker is idle while a request waits that was never tried: an idle worker can run anything. */
export function checkIdle({ ledger }: CheckContext, report: Report): void {
  if (ledger.mode === "closed") return;
  for (const worker of ledger.workers.values()) {
    if (worker.running.size > 0 || !worker.accepting || worker.retired) continue;
    const waiting = ledger.freshOf(worker.modelId);
    if (waiting > 0) report("idle while requests wait", `${worker.id}, ${waiting} wait`);
  }
}

/** Every live request is within its deadline, and is where the books have it. */
export function checkOverdue({ ledger, state, now, pause }: CheckContext, report: Report): void {
  for (const request of ledger.requests.values()) {
    const { id, phase, deadlineAt } = request;
    if (now > settledBy(deadlineAt, pause)) report("overdue and not settled", id);
    const known = state.requests.get(id);
    if (known?.phase !== phase) report("phase", `${id} is ${known?.phase}, should be ${phase}`);
  }
}

function compare(what: string, actual: number | undefined, expected: number, report: Report): void {
  if (actual !== expected) report("books disagree", `${what}: ${actual}, should be ${expected}`);
}
