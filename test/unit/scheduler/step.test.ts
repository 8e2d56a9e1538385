import { describe, expect, it } from "vitest";
import { Harness, leftovers, NOTHING_LEFT } from "./harness.ts";

describe("draining", () => {
  it("refuses new requests, serves those it has, then says once that it is done", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.queue("b");
    bench.event({ type: "drain" });
    bench.submit("c");
    expect(bench.end("c")).toBe("DRAINING");
    bench.result("a");
    expect(bench.all("drained")).toEqual([]);
    bench.result("b");
    bench.event({ type: "tick" });
    bench.lose("w");
    expect(bench.all("drained")).toHaveLength(1);
    expect([bench.end("a"), bench.end("b")]).toEqual(["ok", "ok"]);
    bench.submit("d");
    expect(bench.end("d")).toBe("DRAINING");
  });

  it("is done at once with nothing to do, also when asked again", () => {
    const bench = new Harness();
    expect(bench.event({ type: "drain" })).toEqual([{ type: "drained" }]);
    expect(bench.event({ type: "drain" })).toEqual([{ type: "drained" }]);
  });

  it("still tries requests again", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.event({ type: "drain" });
    bench.lose("w");
    bench.ready("w", { epoch: 2 });
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
    expect(bench.all("drained")).toHaveLength(1);
  });
});

describe("closing", () => {
  it("ends everything, wherever it is, and dispatches nothing more", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("runs");
    bench.queue("waits");
    bench.submit("prepares");
    bench.event({ type: "close" });
    for (const id of ["runs", "waits", "prepares"]) expect(bench.end(id)).toBe("POOL_CLOSED");
    expect(bench.all("cancelAttempt")).toHaveLength(1);
    bench.ready("v");
    bench.submit("late");
    expect(bench.end("late")).toBe("POOL_CLOSED");
    bench.fail("runs", "CANCELLED");
    expect(bench.batches()).toEqual(["w: runs"]);
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("stays closed", () => {
    const bench = new Harness();
    bench.event({ type: "close" });
    bench.event({ type: "drain" });
    bench.event({ type: "close" });
    bench.submit("a");
    expect(bench.end("a")).toBe("POOL_CLOSED");
  });
});

describe("the same events with the same seed", () => {
  function run(seed: number) {
    const bench = new Harness({ retryDelayMs: 500 }, seed);
    bench.ready("u");
    bench.ready("v");
    for (let index = 0; index < 40; index += 1) {
      bench.queue(`r${index}`, { batchKey: `k${index % 3}`, rows: 1 + (index % 4), deadlineAt: 5000 });
      if (index % 7 === 0) bench.fail("r0", "OUTPUT_INVALID");
      if (index === 20) bench.lose("v");
      bench.advance(13);
    }
    bench.ready("v", { epoch: 2 });
    bench.advance(10_000);
    return bench.effects;
  }

  it("give the same effects", () => {
    expect(run(3)).toEqual(run(3));
  });

  it("give other pauses between tries with another seed", () => {
    expect(run(3)).not.toEqual(run(4));
  });
});
