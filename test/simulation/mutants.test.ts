import { describe, expect, it } from "vitest";
import { simulate } from "../../ts-client/src/simulation/simulate.ts";
import { MUTANTS } from "./mutants.ts";

/** Runs in which a defect has to be noticed. */
const RUNS = 80;

describe("a scheduler that", { timeout: 120_000 }, () => {
  it.each(Object.entries(MUTANTS))("%s is caught", (_name, mutant) => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const { violations } = simulate({ seed, requests: 2000, functions: mutant() });
      if (violations.length > 0) return;
    }
    expect.fail(`nothing was noticed in ${RUNS} runs`);
  });
});

describe("the scheduler itself", { timeout: 120_000 }, () => {
  it("breaks no rule in the runs in which its defective copies do", () => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      expect(simulate({ seed, requests: 2000 })).toMatchObject({ seed, violations: [] });
    }
  });
});
