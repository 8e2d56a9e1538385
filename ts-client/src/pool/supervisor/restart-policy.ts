/** When a dead worker is replaced, and when that is given up for a while. */
export interface RestartOptions {
  /** Restarts of one worker within `windowMs` before restarts are paused. @default 5 */
  readonly maxRestarts: number;
  /** The time in which restarts are counted. @unit milliseconds @default 60000 */
  readonly windowMs: number;
  /** Deaths in a row before READY after which restarts are paused. @default 3 */
  readonly maxFailedStarts: number;
  /** Pause before the first restart; the actual one is random up to it. @unit milliseconds @default 200 */
  readonly minDelayMs: number;
  /** Longest such pause: it doubles with each restart. @unit milliseconds @default 30000 */
  readonly maxDelayMs: number;
  /** Pause before one more try once restarts are paused. @unit milliseconds @default 30000 */
  readonly probeDelayMs: number;
  /** Longest such pause: it doubles with each failed try. @unit milliseconds @default 300000 */
  readonly maxProbeDelayMs: number;
}

export const DEFAULT_RESTART: RestartOptions = {
  maxRestarts: 5,
  windowMs: 60_000,
  maxFailedStarts: 3,
  minDelayMs: 200,
  maxDelayMs: 30_000,
  probeDelayMs: 30_000,
  maxProbeDelayMs: 300_000,
};

/** What to do after a death. */
export interface RestartDecision {
  readonly delayMs: number;
  /** True when the worker has died too often: the next spawn is a probe. */
  readonly paused: boolean;
}

/** The restart history of one place in the pool. */
export class RestartPolicy {
  readonly #options: RestartOptions;
  readonly #random: () => number;
  #deaths: number[] = [];
  #failedStarts = 0;
  #inARow = 0;
  #probes = 0;

  constructor(options: RestartOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** The worker reached READY. */
  started(): void {
    this.#failedStarts = 0;
    this.#probes = 0;
  }

  /** The worker died. @param wasReady - whether it had reached READY */
  died(now: number, wasReady: boolean): RestartDecision {
    const { windowMs, maxRestarts, maxFailedStarts } = this.#options;
    this.#deaths = this.#deaths.filter((at) => now - at < windowMs);
    this.#inARow = this.#deaths.length === 0 ? 0 : this.#inARow + 1;
    this.#deaths.push(now);
    if (!wasReady) this.#failedStarts += 1;
    if (this.#deaths.length > maxRestarts || this.#failedStarts >= maxFailedStarts) {
      const { probeDelayMs, maxProbeDelayMs } = this.#options;
      const delayMs = Math.min(maxProbeDelayMs, probeDelayMs * 2 ** this.#probes);
      this.#probes += 1;
      return { delayMs, paused: true };
    }
    const { minDelayMs, maxDelayMs } = this.#options;
    const longest = Math.min(maxDelayMs, minDelayMs * 2 ** this.#inARow);
    return { delayMs: Math.floor(this.#random() * longest), paused: false };
  }
}
