import { describe, expect, it } from "vitest";
import { simulate } from "../../ts-client/src/simulation/simulate.ts";
import { FAULTS } from "../../ts-client/src/simulation/world/faults.ts";

/** Every run has another pool, other clients and other faults. */
const RUNS = 120;
const REQUESTS = 3000;

describe("the scheduler, under every kind of fault", () => {
  const outcomes = new Map<string, number>();
  const faults = new Map<string, number>();

  it(`breaks no rule in ${(RUNS * REQUESTS).toLocaleString("en")} requests`, { timeout: 120_000 }, () => {
    for (let seed = 1000; seed < 1000 + RUNS; seed += 1) {
      const report = simulate({ seed, requests: REQUESTS });
      expect(report).toMatchObject({ seed, requests: REQUESTS, violations: [] });
      const ends = [...report.outcomes.values()].reduce((sum, count) => sum + count, 0);
      expect(ends).toBe(REQUESTS);
      for (const [end, count] of report.outcomes) outcomes.set(end, (outcomes.get(end) ?? 0) + count);
      for (const [name, count] of report.faults) faults.set(name, (faults.get(name) ?? 0) + count);
    }
  });

  it("has met each of them", () => {
    expect([...faults.keys()].sort()).toEqual(Object.keys(FAULTS).sort());
  });

  it("has ended requests in every way there is", () => {
    expect([...outcomes.keys()].sort()).toEqual([
      "CANCELLED",
      "CRASH_LOOP",
      "CUDA_FATAL",
      "CUDA_OOM",
      "DEADLINE_EXCEEDED",
      "DRAINING",
      "INTERNAL",
      "INVALID_ARGUMENT",
      "MODEL_NOT_FOUND",
      "OUTPUT_INVALID",
      "OVERLOADED",
      "POISON_QUARANTINED",
      "POOL_CLOSED",
      "PROTOCOL",
      "RESOURCE_EXHAUSTED",
      "WORKER_HUNG",
      "WORKER_LOST",
      "ok",
    ]);
  });
});

describe("a run", { timeout: 120_000 }, () => {
  it("is the same each time for a seed, and another for another", () => {
    const [first, again, other] = [7, 7, 8].map((seed) => simulate({ seed, requests: 2000 }));
    expect(again).toEqual(first);
    expect(other?.trace).not.toBe(first?.trace);
  });

  it("answers everything that is not too late or too much when nothing goes wrong", () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { outcomes } = simulate({ seed, requests: 1000, faultShare: 0 });
      const unexpected = [...outcomes.keys()].filter(
        (end) => !["ok", "DEADLINE_EXCEEDED", "OVERLOADED", "DRAINING", "POOL_CLOSED"].includes(end),
      );
      expect(unexpected).toEqual([]);
    }
  });
});
