import type { HeaderOf } from "../../protocol/index.ts";

/** How long silence may last before it means something. All in milliseconds. */
export interface LivenessOptions {
  /** Between pings, and between beats. @default 1000 */
  readonly beatMs: number;
  /** Unanswered pings after which the process is taken for stopped. @default 3 */
  readonly deadAfter: number;
  /** Without a beat: the interpreter is stuck, no new work. @default 5000 */
  readonly stallMs: number;
  /** Without a beat: killed. @default 60000 */
  readonly stallKillMs: number;
  /** Work in hand and no progress: killed. @default 60000 */
  readonly progressMs: number;
}

export const DEFAULT_LIVENESS: LivenessOptions = {
  beatMs: 1000,
  deadAfter: 3,
  stallMs: 5000,
  stallKillMs: 60_000,
  progressMs: 60_000,
};

export type Verdict = "alive" | "suspect" | "stalled" | { readonly hung: string };

/**
 * What the signs of life of one worker mean: the echo (the process runs and the link is up), the beat (its
 * interpreter runs) and the progress count (its work moves).
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #pingsSent = 0;
  #pingAnswered = 0;
  #beatAt: number;
  #progress = -1;
  #progressAt: number;

  constructor(options: LivenessOptions, now: number) {
    this.#options = options;
    this.#beatAt = now;
    this.#progressAt = now;
  }

  /** The number of the next ping. */
  nextPing(): number {
    this.#pingsSent += 1;
    return this.#pingsSent;
  }

  onPong(seq: number): void {
    this.#pingAnswered = Math.max(this.#pingAnswered, seq);
  }

  onBeat(beat: HeaderOf<"BEAT">, now: number): void {
    this.#beatAt = now;
    const idle = (beat.running?.length ?? 0) === 0 && (beat.queued ?? 0) === 0;
    if (idle || beat.progress !== this.#progress) this.#progressAt = now;
    this.#progress = beat.progress ?? -1;
  }

  /** Forgives the past: the pool itself was not running, so silence says nothing about the worker. */
  excuse(now: number): void {
    this.#pingAnswered = this.#pingsSent;
    this.#beatAt = now;
    this.#progressAt = now;
  }

  verdict(now: number): Verdict {
    const { deadAfter, stallMs, stallKillMs, progressMs } = this.#options;
    const missed = this.#pingsSent - this.#pingAnswered;
    if (missed > deadAfter) return { hung: `it answered none of the last ${missed} pings` };
    const silentMs = now - this.#beatAt;
    if (silentMs > stallKillMs)
      return { hung: `its interpreter has been stuck for ${Math.round(silentMs)} ms` };
    const standingMs = now - this.#progressAt;
    if (standingMs > progressMs) return { hung: `its work has not moved for ${Math.round(standingMs)} ms` };
    if (missed > 1) return "suspect";
    return silentMs > stallMs ? "stalled" : "alive";
  }
}
