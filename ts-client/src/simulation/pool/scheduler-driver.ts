import {
  createState,
  nextWake,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerPolicy,
  type SchedulerState,
  step,
} from "../../scheduler/index.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** Runs the scheduler on a simulated clock. */
export class SchedulerDriver {
  readonly #state: SchedulerState;
  readonly #clock: SimulatedClock;
  readonly #onEffect: (effect: SchedulerEffect) => void;
  readonly #pending: SchedulerEvent[] = [];
  #stepping = false;
  #tickAt = Number.POSITIVE_INFINITY;

  constructor(
    policy: Partial<SchedulerPolicy>,
    seed: number,
    clock: SimulatedClock,
    onEffect: (effect: SchedulerEffect) => void,
  ) {
    this.#state = createState(policy, seed);
    this.#clock = clock;
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
        for (const effect of step(this.#state, next, this.#clock.now)) this.#onEffect(effect);
      }
    } finally {
      this.#stepping = false;
    }
    this.#arm();
  }

  #arm(): void {
    const wake = nextWake(this.#state);
    if (wake >= this.#tickAt) return;
    this.#tickAt = wake;
    this.#clock.after(Math.max(0, wake - this.#clock.now), () => {
      if (this.#tickAt !== wake) return;
      this.#tickAt = Number.POSITIVE_INFINITY;
      this.handle({ type: "tick" });
    });
  }
}
