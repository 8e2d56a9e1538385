import { SeededRandom } from "../../scheduler/random.ts";

/** Seeded draws: everything random in a simulation comes from here. */
export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  happens(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * this.#random.next();
  }

  /** A whole number, both ends included. */
  whole(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  /** As likely between 1 and 10 as between 10 and 100. */
  logarithmic(min: number, max: number): number {
    return min * (max / min) ** this.#random.next();
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.#random.next());
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.whole(0, choices.length - 1)] ?? choices[0];
  }
}
