import type { SchedulerPolicy } from "./policy.ts";

/**
 * Permits to try again, so that a mass crash does not become a storm: every request earns a fraction of a
 * permit, every second a few more, and what is not used lapses with the window.
 *
 * Who finds no permit reserves the next one and waits for it.
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

  /** When the next permit may be used: now, or once time has brought it. */
  nextAt(now: number): number {
    this.#refill(now);
    const missing = 1 - this.#permits;
    return missing <= 0 ? now : now + Math.ceil((missing / this.#policy.retriesPerSecond) * 1000);
  }

  /** Takes the next permit and returns when it may be used. */
  reserve(now: number): number {
    const usableAt = this.nextAt(now);
    this.#permits -= 1;
    return usableAt;
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

/** One permit for everything one failure concerned; it is taken by the first request that goes on with it. */
export class RetryPermit {
  readonly #budget: RetryBudget;
  #usableAt: number | undefined;

  constructor(budget: RetryBudget) {
    this.#budget = budget;
  }

  /** When it may be used, or might be if it were taken now. */
  usableAt(now: number): number {
    return this.#usableAt ?? this.#budget.nextAt(now);
  }

  take(now: number): void {
    this.#usableAt ??= this.#budget.reserve(now);
  }
}
