import { performance } from "node:perf_hooks";
import { InstructBlipError, invalidArgument } from "../../errors/index.ts";
import { Agenda } from "../world/agenda.ts";
import { checkDuration } from "./options.ts";

/**
 * How time passes in a simulated pool.
 *
 * - `virtual`: as soon as the process has nothing else to do, time jumps to what is to happen next.
 * - `manual`: only when the pool is told to `advance`.
 * - `real`: as it does.
 */
export type ClockKind = "virtual" | "manual" | "real";

export const CLOCK_KINDS: readonly ClockKind[] = ["virtual", "manual", "real"];

/** The clock of a simulated pool, and what is to happen on it. */
export class SimulatedClock {
  readonly #kind: ClockKind;
  readonly #agenda = new Agenda();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #startedAt = performance.now();
  /** Real work under way, such as the decoding of a picture: time waits for it. */
  #held = 0;
  #onFree: (() => void)[] = [];
  #turning = false;
  #stopped = false;

  constructor(kind: ClockKind) {
    if (!CLOCK_KINDS.includes(kind)) throw invalidArgument("clock", `one of ${CLOCK_KINDS.join(", ")}`, kind);
    this.#kind = kind;
  }

  /** Time since the start. @unit milliseconds */
  get now(): number {
    return this.#kind === "real" ? performance.now() - this.#startedAt : this.#agenda.now;
  }

  /** Does something once that much time has passed. */
  after(delayMs: number, run: () => void): void {
    if (this.#stopped) return;
    if (this.#kind !== "real") {
      this.#agenda.after(delayMs, run);
      return this.#turn();
    }
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        run();
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#timers.add(timer);
  }

  /** Has time wait until the function that is returned is called. */
  hold(): () => void {
    this.#held += 1;
    return () => {
      this.#held -= 1;
      if (this.#held > 0) return;
      for (const resolve of this.#onFree.splice(0)) resolve();
      this.#turn();
    };
  }

  /** Lets time pass, with all that happens in it. @throws UNSUPPORTED for a clock that is not manual */
  async advance(ms: number): Promise<void> {
    if (this.#kind !== "manual") {
      throw new InstructBlipError(
        "UNSUPPORTED",
        'Time passes by itself: start the pool with `clock: "manual"`.',
      );
    }
    checkDuration("ms", ms);
    const until = this.#agenda.now + ms;
    for (;;) {
      await this.#idle();
      if (this.#agenda.nextAt > until) break;
      this.#agenda.next();
    }
    this.#agenda.skipTo(until);
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Does the next thing in a turn of its own, so that callers can go on with what the last one brought. */
  #turn(): void {
    if (this.#kind !== "virtual" || this.#turning || this.#held > 0) return;
    if (this.#stopped || this.#agenda.nextAt === Number.POSITIVE_INFINITY) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      if (this.#held === 0 && !this.#stopped) this.#agenda.next();
      this.#turn();
    });
  }

  /** Resolves when no real work is under way and callers have gone on. */
  async #idle(): Promise<void> {
    do {
      if (this.#held > 0) await new Promise<void>((resolve) => this.#onFree.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#held > 0);
  }
}
