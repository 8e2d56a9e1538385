import { describe, expect, it } from "vitest";
import { Harness } from "./harness.ts";

describe("the pause between tries", () => {
  /** Pauses before the second, third, … try of one request. */
  function pauses(seed: number): number[] {
    const bench = new Harness({ retryDelayMs: 50, maxRetryDelayMs: 200 }, seed);
    bench.ready("w");
    bench.queue("a", { maxRetries: 5 });
    const taken: number[] = [];
    for (let tries = 2; tries <= 6; tries += 1) {
      bench.fail("a", "OUTPUT_INVALID");
      const failedAt = bench.now;
      while (bench.all("dispatch").length < tries) bench.advance(1);
      taken.push(bench.now - failedAt);
    }
    return taken;
  }

  it("is random up to a bound that doubles, and not over the longest", () => {
    const runs = Array.from({ length: 50 }, (_, seed) => pauses(seed));
    const longest = [0, 1, 2, 3, 4].map((index) => Math.max(...runs.map((run) => run[index] ?? Number.NaN)));
    [50, 100, 200, 200, 200].forEach((bound, index) => {
      expect(longest[index]).toBeLessThanOrEqual(bound);
      expect(longest[index]).toBeGreaterThan(bound * 0.8);
    });
  });

  it("lets others go first", () => {
    const bench = new Harness({ retryDelayMs: 1000 }, 2);
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.fail("a", "OUTPUT_INVALID");
    bench.queue("b");
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
  });
});

describe("a request that fails for good", () => {
  it("tells every try", () => {
    const bench = new Harness();
    bench.ready("u");
    bench.ready("v");
    bench.queue("a", { maxRetries: 1 });
    bench.fail("a", "OUTPUT_INVALID");
    bench.lose("v");
    expect(bench.outcome("a")).toMatchObject({
      code: "WORKER_LOST",
      message: "It died. 2 tries were made.",
      failures: [
        { attempt: 1, workerId: "u", code: "OUTPUT_INVALID" },
        { attempt: 2, workerId: "v", code: "WORKER_LOST" },
      ],
    });
  });

  it("is told when no worker comes", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", "DRAINING");
    bench.event({ type: "modelFailed", modelId: "m", code: "CRASH_LOOP", message: "", retryAfterMs: 7 });
    expect(bench.outcome("a")).toMatchObject({ code: "CRASH_LOOP", retryAfterMs: 7 });
  });
});
