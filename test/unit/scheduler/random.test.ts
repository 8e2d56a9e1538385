import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../ts-client/src/scheduler/random.ts";

describe("SeededRandom", () => {
  it("gives the same numbers for the same seed, others for another", () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 8 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("is uniform in [0, 1)", () => {
    const random = new SeededRandom(1);
    const bins = new Array<number>(10).fill(0);
    for (let index = 0; index < 100_000; index += 1) {
      const bin = Math.floor(random.next() * 10);
      bins[bin] = (bins[bin] ?? Number.NaN) + 1;
    }
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});
