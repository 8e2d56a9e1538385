import type { SchedulerPolicy } from "./policy.ts";

/**
 * Permits to try again, so that a mass crash does not become a storm: every request earns a fraction of a
 * permit, every second a few more, and what is not used lapses with the window.
 *
 * One failure costs one permit, however many requests it concerned. Who finds no permit reserves the next
 * one and waits for it.
 */
export class RetryBudget {
  readonly #policy: SchedulerPolicy;
  /** Permits that time alone can fill up to. */
  readonly #floor: number;
  #permits: number;
  #refilledAt = 0;

  constructor(policy: SchedulerPolicy) {
    this.#policy = policy;
    this.#floor = policy.retriesPerSecond * (policy.retryWindowMs / 1000);
    this.#permits = this.#floor;
  }

  /** Notes an admitted request. */
  earn(now: number): void {
    this.#refill(now);
    this.#permits += this.#policy.retryRatio;
  }

  /** Takes a permit and returns when it may be used: now, or once time has brought it. */
  reserve(now: number): number {
    this.#refill(now);
    this.#permits -= 1;
    if (this.#permits >= 0) return now;
    return now + Math.ceil((-this.#permits / this.#policy.retriesPerSecond) * 1000);
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - this.#refilledAt);
    this.#refilledAt = now;
    if (this.#permits <= this.#floor) {
      const earned = (elapsed / 1000) * this.#policy.retriesPerSecond;
      this.#permits = Math.min(this.#floor, this.#permits + earned);
    } else {
      const surplus = this.#permits - this.#floor;
      this.#permits = this.#floor + surplus * Math.exp(-elapsed / this.#policy.retryWindowMs);
    }
  }
}
