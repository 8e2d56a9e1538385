import {
  createState,
  nextWake,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerPolicy,
  type SchedulerState,
  step,
} from "../scheduler/index.ts";
import { monotonic } from "./request-entry.ts";

/** Longest a timer of Node can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Gives the scheduler a clock and a timer, and hands its effects on, one event after the other. */
export class SchedulerShell {
  readonly #state: SchedulerState;
  readonly #onEffect: (effect: SchedulerEffect) => void;
  readonly #pending: SchedulerEvent[] = [];
  #stepping = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(policy: Partial<SchedulerPolicy>, seed: number, onEffect: (effect: SchedulerEffect) => void) {
    this.#state = createState(policy, seed);
    this.#onEffect = onEffect;
  }

  /** What the scheduler knows; for reading only. */
  get state(): Readonly<SchedulerState> {
    return this.#state;
  }

  /** Takes in an event; effects that cause further events have them handled after. */
  handle(event: SchedulerEvent): void {
    this.#pending.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        for (const effect of step(this.#state, next, monotonic())) this.#onEffect(effect);
      }
    } finally {
      this.#stepping = false;
    }
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timerAt = Number.NEGATIVE_INFINITY;
  }

  #arm(): void {
    const at = nextWake(this.#state);
    if (at === this.#timerAt || this.#timerAt === Number.NEGATIVE_INFINITY) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(at - monotonic())));
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.handle({ type: "tick" });
    }, delay);
  }
}
