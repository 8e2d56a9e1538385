import type { Chance } from "./chance.ts";

/** Every fault there is: how likely it is each time it could happen, at the least and at the most. */
export const FAULTS = {
  /** A worker dies while it runs a batch. */
  crash: [0.0005, 0.08],
  /** A worker stops doing anything, until it is killed or goes on. Each batch. */
  hang: [0.0005, 0.02],
  /** A hang ends by itself before the verdict. Each hang. */
  recovery: [0.1, 0.9],
  /** A worker is not given work for a while. Each batch. */
  stall: [0.0005, 0.03],
  /** A worker is ten times slower for all its life. Each life. */
  slow: [0.05, 0.5],
  /** A worker does not answer a CANCEL of what it does not have. Each life. */
  forgetful: [0.05, 1],
  /** A worker has memory for few rows. Each life. */
  smallMemory: [0.05, 0.8],
  /** The device fails for good. Each batch. */
  deviceFailure: [0.0005, 0.02],
  /** A request kills every worker that runs it. Each request. */
  poison: [0.001, 0.05],
  /** An output that is not usable. Each try. */
  badOutput: [0.001, 0.3],
  /** A failure that trying again does not mend. Each try. */
  internalError: [0.001, 0.1],
  /** A worker begins to leave, and refuses new work. Each batch. */
  leaving: [0.0005, 0.02],
  /** A message is lost. */
  drop: [0.0001, 0.01],
  /** A message comes twice. */
  duplicate: [0.001, 0.1],
  /** A message takes up to three seconds longer. */
  delay: [0.001, 0.1],
  /** A message overtakes others. */
  reorder: [0.001, 0.2],
  /** A message with the wrong epoch, attempt or request, beside the true one or in its place. Each answer. */
  lie: [0.001, 0.2],
  /** A death is only noticed when the worker is back. Each death. */
  unseenDeath: [0.05, 0.5],
  /** A death is told again later. Each death. */
  repeatedDeath: [0.05, 0.5],
  /** A READY arrives after the death of the worker that sent it. Each death. */
  lateReady: [0.05, 0.5],
  /** A place in the pool is given up for a while. Each death. */
  givenUp: [0.05, 0.5],
  /** The pool's process stands still for up to five seconds. Each second. */
  pause: [0.005, 0.1],
  /** A timer fires late, by less than the tolerance. Each timer. */
  lateTimer: [0.05, 0.9],
  /** The caller gives up. Each request. */
  cancel: [0.005, 0.5],
  /** Hundreds of requests come at once. Each arrival. */
  flood: [0.00003, 0.0005],
  /** A request comes with the id of one that is under way. Each request. */
  repeatedId: [0.001, 0.05],
  /** A request names a model there is not. Each request. */
  unknownModel: [0.001, 0.05],
  /** The inputs cannot be made. Each request. */
  badInputs: [0.001, 0.1],
  /** A model is removed, and added again later. Each second. */
  removal: [0.001, 0.03],
} as const satisfies Record<string, readonly [number, number]>;

export type FaultName = keyof typeof FAULTS;

/** The faults of one run: the seed picks which there are, and how often. */
export class Faults {
  readonly #chance: Chance;
  readonly #rates = new Map<FaultName, number>();
  #calm = false;
  /** How often each happened. */
  readonly counts = new Map<FaultName, number>();

  constructor(chance: Chance, share: number) {
    this.#chance = chance;
    for (const [name, [least, most]] of Object.entries(FAULTS) as [FaultName, readonly [number, number]][]) {
      if (chance.happens(share)) this.#rates.set(name, chance.logarithmic(least, most));
    }
  }

  /** Whether the fault happens now. */
  strikes(name: FaultName): boolean {
    const rate = this.#rates.get(name);
    if (this.#calm || rate === undefined || !this.#chance.happens(rate)) return false;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return true;
  }

  /** Whether it may happen in this run at all. */
  includes(name: FaultName): boolean {
    return this.#rates.has(name);
  }

  /** No more faults from now on. */
  stop(): void {
    this.#calm = true;
  }
}
