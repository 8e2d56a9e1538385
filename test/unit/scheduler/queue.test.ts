import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Harness } from "./harness.ts";

describe("queue", () => {
  it("serves higher priorities first, and equal ones in order of arrival", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 12 }), (priorities) => {
        const bench = new Harness();
        priorities.forEach((priority, index) => {
          bench.queue(String(index), { priority, batchKey: String(index) });
        });
        bench.ready("w", { slots: 1 });
        const served = priorities.map(() => {
          const last = bench.all("dispatch").at(-1)?.items[0]?.requestId ?? "none";
          bench.result(last);
          return Number(last);
        });
        const expected = priorities
          .map((priority, index) => ({ priority, index }))
          .sort((left, right) => right.priority - left.priority || left.index - right.index)
          .map(({ index }) => index);
        expect(served).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("goes by arrival, not by when the inputs were ready", () => {
    const bench = new Harness();
    bench.submit("a");
    bench.submit("b");
    bench.prepared("b");
    bench.prepared("a");
    bench.ready("w", { slots: 1 });
    expect(bench.batches()).toEqual(["w: a"]);
  });

  it("keeps the place of a request that is tried again", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.queue("b");
    bench.fail("a", "OUTPUT_INVALID");
    expect(bench.batches()).toEqual(["w: a", "w: a"]);
  });

  it("counts bytes in and out as requests move", () => {
    const bench = new Harness();
    bench.submit("a");
    bench.prepared("a", 10);
    bench.submit("b");
    bench.prepared("b", 5);
    expect(bench.state).toMatchObject({ waiting: 2, waitingBytes: 15 });
    bench.ready("w", { slots: 1 });
    expect(bench.state).toMatchObject({ waiting: 1, waitingBytes: 5 });
    bench.lose("w");
    expect(bench.state).toMatchObject({ waiting: 2, waitingBytes: 15 });
    bench.cancel("a");
    bench.cancel("b");
    expect(bench.state).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });

  it("may be long: 150,000 requests wait and are served", { timeout: 120_000 }, () => {
    const bench = new Harness({ maxQueueRequests: 200_000 });
    for (let index = 0; index < 150_000; index += 1) bench.queue(String(index));
    bench.ready("w", { slots: 2 });
    expect(bench.batches()).toEqual(["w: 0 1"]);
    bench.result("0");
    expect(bench.batches()).toEqual(["w: 0 1", "w: 2"]);
  });
});
