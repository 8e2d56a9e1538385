import { race } from "./race.ts";

/**
 * Work that several callers wait for. It runs once, and is aborted only when the last of them has given up.
 */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #outcome: Promise<T>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#outcome = Promise.resolve(this.#controller.signal).then(work);
    // Callers that gave up no longer listen.
    this.#outcome.catch(() => undefined);
  }

  /** Whether nobody waits any more, so that the outcome may be an abort. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The outcome, or a rejection with the signal's reason as soon as it is aborted. */
  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await race([this.#outcome], signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#controller.abort(signal.reason);
    }
  }
}
