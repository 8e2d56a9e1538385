import { describe, expect, it } from "vitest";
import { Chance } from "../../../../ts-client/src/simulation/world/chance.ts";

const DRAWS = 20_000;

function draws(draw: (chance: Chance) => number): number[] {
  const chance = new Chance(1);
  return Array.from({ length: DRAWS }, () => draw(chance));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("Chance", () => {
  it("draws whole numbers with both ends", () => {
    expect(new Set(draws((chance) => chance.whole(3, 6)))).toEqual(new Set([3, 4, 5, 6]));
  });

  it("draws exponential times with the mean that was asked for", () => {
    const times = draws((chance) => chance.exponential(50));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.abs(mean(times) - 50)).toBeLessThan(1.5);
  });

  it("draws each power of ten as often", () => {
    const values = draws((chance) => chance.logarithmic(1, 100));
    expect(Math.abs(values.filter((value) => value < 10).length / DRAWS - 0.5)).toBeLessThan(0.02);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...values)).toBeLessThan(100);
  });

  it("lets things happen as often as they should", () => {
    const happened = draws((chance) => (chance.happens(0.2) ? 1 : 0));
    expect(Math.abs(mean(happened) - 0.2)).toBeLessThan(0.01);
    expect(Math.max(...draws((chance) => (chance.happens(0) ? 1 : 0)))).toBe(0);
  });

  it("picks every choice", () => {
    expect(new Set(draws((chance) => chance.pick([1, 2, 3])))).toEqual(new Set([1, 2, 3]));
  });
});
