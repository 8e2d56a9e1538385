import type {
  SchedulerEffect,
  SchedulerEvent,
  SchedulerPolicy,
  SchedulerState,
} from "../../scheduler/index.ts";
import { checkBooks, checkIdle, checkOverdue } from "./book-rules.ts";
import { checkDispatch } from "./dispatch-rules.ts";
import { Ledger } from "./ledger.ts";
import { type Noted, noteEvent, notePrepared } from "./note-event.ts";
import { checkAdmission, checkSettlement } from "./settlement-rules.ts";

/** Something the scheduler did that it must never do. */
export interface Violation {
  /** Which rule was broken. */
  readonly rule: string;
  readonly detail: string;
  /** Virtual time. @unit milliseconds */
  readonly at: number;
}

/** Steps between two looks at every live request. */
const SCAN_EVERY = 64;

/**
 * Watches a scheduler from outside: keeps its own books from events and effects, and compares.
 *
 * The rules: every admitted request is settled exactly once, with a reason that the events bear out, and at most
 * 50 ms after its deadline; nothing of a past life or try reaches a caller; rows in flight stay within a worker's
 * slots, but for one request that alone is over them; queues stay within their limits; retries within the budget;
 * a request that kills workers is stopped; no worker idles while a request waits; and at the end nothing is left.
 */
export class InvariantChecker {
  readonly violations: Violation[] = [];
  readonly #ledger: Ledger;
  readonly #pause = { from: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  readonly #report = (rule: string, detail: string): void => {
    if (this.violations.length < 100) this.violations.push({ rule, detail, at: this.#now });
  };
  #steps = 0;
  #noted: Noted = {};
  #now = 0;

  constructor(policy: SchedulerPolicy) {
    this.#ledger = new Ledger(policy);
  }

  /** The process stood still: what fell due then may be settled when it goes on. */
  onPause(from: number, until: number): void {
    this.#pause.from = from;
    this.#pause.until = until;
  }

  /** Notes an event that the scheduler is about to be told. */
  before(event: SchedulerEvent, now: number): void {
    this.#now = now;
    this.#noted = noteEvent(this.#ledger, event);
  }

  /** Checks what the scheduler made of it. */
  after(
    event: SchedulerEvent,
    effects: readonly SchedulerEffect[],
    state: SchedulerState,
    now: number,
  ): void {
    this.#steps += 1;
    const thorough = this.#steps % SCAN_EVERY === 0;
    const context = {
      ledger: this.#ledger,
      event,
      effects,
      noted: this.#noted,
      now,
      pause: this.#pause,
      state,
      thorough,
    };
    const report = this.#report;
    let preparedNoted = event.type !== "prepared";
    for (const effect of effects) {
      if (event.type === "prepared" && effect.type === "dispatch" && !preparedNoted) {
        notePrepared(this.#ledger, event, now);
        preparedNoted = true;
      }
      switch (effect.type) {
        case "settle":
          checkSettlement(context, effect, report);
          break;
        case "dispatch":
          checkDispatch(context, effect, report);
          break;
        case "prepare":
          checkAdmission(context, effect.requestId, report);
          break;
        case "deliver":
          this.#checkDelivery(event, effect);
          break;
        case "cancelAttempt":
          this.#checkCancel(effect);
          break;
        case "recycle": {
          const worker = this.#ledger.workers.get(effect.workerId);
          if (worker !== undefined) worker.retired = true;
          break;
        }
        case "drained":
          if (this.#ledger.requests.size > 0) report("drained early", `${this.#ledger.requests.size} live`);
          break;
        case "retried":
          this.#checkRetry(effect.requestId, now);
          break;
        case "overloaded":
          break;
      }
    }
    if (event.type === "prepared" && !preparedNoted) notePrepared(this.#ledger, event, now);
    for (const { request } of this.#noted.failed ?? []) {
      const forgotten = request.phase === "running" && request.workerId === undefined;
      if (forgotten && this.#ledger.requests.get(request.id) === request) report("lost", request.id);
    }
    checkBooks(context, report);
    checkIdle(context, report);
    if (thorough) checkOverdue(context, report);
  }

  /** After the last event: everything must be settled and every worker free. */
  finish(state: SchedulerState, expectedWorkers: number): void {
    const left: Record<string, number> = {
      "live requests": state.requests.size,
      "requests in the ledger": this.#ledger.requests.size,
      waiting: state.waiting,
      "waiting bytes": state.waitingBytes,
      timers: state.timers.size,
      "missing workers": expectedWorkers - state.workers.size,
    };
    for (const { id, queue } of state.models.values()) left[`queue of ${id}`] = queue.length;
    for (const worker of state.workers.values()) {
      left[`tries on ${worker.id}`] = worker.running.size;
      left[`cancelled tries on ${worker.id}`] = worker.cancelled.size;
      left[`rows on ${worker.id}`] = worker.rowsInFlight;
      left[`${worker.id} out of service`] = worker.standing === "serving" && !worker.solo ? 0 : 1;
    }
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) this.#report("left at the end", `${what}: ${count}`);
    }
  }

  /** Compares a figure of the whole run. */
  expect(rule: string, actual: number, expected: number): void {
    if (actual !== expected) this.#report(rule, `${actual}, should be ${expected}`);
  }

  #checkDelivery(event: SchedulerEvent, effect: Extract<SchedulerEffect, { type: "deliver" }>): void {
    const { current } = this.#noted;
    if (event.type !== "chunk" || current === undefined || current.id !== effect.requestId) {
      return this.#report("stale delivery", effect.requestId);
    }
    if (!current.stream) this.#report("delivery without a stream", current.id);
    if (event.seq !== current.chunks) this.#report("delivery out of order", `${current.id} ${event.seq}`);
    current.chunks += 1;
    current.delivered = true;
  }

  #checkCancel(effect: Extract<SchedulerEffect, { type: "cancelAttempt" }>): void {
    const { workerId, requestId, attempt } = effect;
    const key = `${requestId}/${attempt}`;
    // What falls due is ended before the event of the same step is taken in.
    const { lost, released } = this.#noted;
    const worker = lost?.id === workerId ? lost : this.#ledger.workers.get(workerId);
    if (worker?.running.has(key) || released === key) return;
    this.#report("cancel of what does not run", `${key} on ${workerId}`);
  }

  #checkRetry(requestId: string, now: number): void {
    const failed = this.#noted.failed?.find(({ request }) => request.id === requestId);
    if (failed === undefined) return this.#report("retry without a failure", requestId);
    const { request, counted, incident } = failed;
    if (counted) request.retries += 1;
    request.incident = incident;
    this.#ledger.toQueue(request, now);
  }
}
