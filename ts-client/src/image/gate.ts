/**
 * Lets work in while its weights together stay within a budget, first come first served. Work that is
 * heavier than the whole budget runs alone.
 */
export class Gate {
  readonly #budget: number;
  #inside = 0;
  readonly #waiting: Waiter[] = [];

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Runs `work` once its weight fits. An aborted wait rejects with the signal's reason, and costs nothing. */
  async run<T>(weight: number, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const claim = Math.min(weight, this.#budget);
    await this.#enter(claim, signal);
    try {
      return await work();
    } finally {
      this.#inside -= claim;
      this.#admitNext();
    }
  }

  #enter(weight: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
        this.#admitNext();
      };
      const enter = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const waiter = { weight, enter };
      this.#waiting.push(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#admitNext();
    });
  }

  #admitNext(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || this.#inside + first.weight > this.#budget) return;
      this.#waiting.shift();
      this.#inside += first.weight;
      first.enter();
    }
  }
}

interface Waiter {
  readonly weight: number;
  readonly enter: () => void;
}
