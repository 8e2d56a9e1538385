import { describe, expect, it } from "vitest";
import { Chance } from "../../../../ts-client/src/simulation/world/chance.ts";
import { FAULTS, type FaultName, Faults } from "../../../../ts-client/src/simulation/world/faults.ts";

const NAMES = Object.keys(FAULTS) as FaultName[];

describe("Faults", () => {
  it("strike and are counted, until they are stopped", () => {
    const faults = new Faults(new Chance(1), 1);
    let strikes = 0;
    for (let index = 0; index < 1000; index += 1) if (faults.strikes("slow")) strikes += 1;
    expect(strikes).toBeGreaterThan(0);
    expect(faults.counts.get("slow")).toBe(strikes);
    faults.stop();
    for (let index = 0; index < 1000; index += 1) expect(faults.strikes("slow")).toBe(false);
  });

  it("are others in other runs, and none when none are wanted", () => {
    const struck = (seed: number, share: number) => {
      const faults = new Faults(new Chance(seed), share);
      return NAMES.filter((name) => Array.from({ length: 500 }, () => faults.strikes(name)).includes(true));
    };
    expect(struck(1, 0.5)).not.toEqual(struck(2, 0.5));
    expect(struck(1, 0)).toEqual([]);
  });
});
