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

/** Longest a timer of Node can wait. @unit milliseconds */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Where the scheduler's decisions go. */
export interface ShellHandlers {
  readonly onEffect: (effect: SchedulerEffect) => void;
  /** A defect: the scheduler or an effect threw. What else was decided is done all the same. */
  readonly onFault: (error: unknown) => void;
}

/** Gives the scheduler a clock and a timer, and hands its effects on, one event after the other. */
export class SchedulerShell {
  readonly #state: SchedulerState;
  readonly #handlers: ShellHandlers;
  readonly #pending: SchedulerEvent[] = [];
  #stepping = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(policy: Partial<SchedulerPolicy>, seed: number, handlers: ShellHandlers) {
    this.#state = createState(policy, seed);
    this.#handlers = handlers;
  }

  /** What the scheduler knows; for reading only. */
  get state(): Readonly<SchedulerState> {
    return this.#state;
  }

  /** Takes in an event; effects that cause further events have them handled after. Never throws. */
  handle(event: SchedulerEvent): void {
    this.#pending.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      for (const effect of this.#step(next)) this.#perform(effect);
    }
    this.#stepping = false;
    this.#arm();
  }

  /** Wakes up no more; events are still handled. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #step(event: SchedulerEvent): readonly SchedulerEffect[] {
    try {
      return step(this.#state, event, monotonic());
    } catch (error) {
      this.#handlers.onFault(error);
      return this.#state.effects;
    }
  }

  #perform(effect: SchedulerEffect): void {
    try {
      this.#handlers.onEffect(effect);
    } catch (error) {
      this.#handlers.onFault(error);
    }
  }

  #arm(): void {
    const at = nextWake(this.#state);
    if (at === this.#timerAt || this.#stopped) return;
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
