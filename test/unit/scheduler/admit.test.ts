import { describe, expect, it } from "vitest";
import { Harness, leftovers, NOTHING_LEFT } from "./harness.ts";

describe("admission", () => {
  it("asks for the inputs of what it takes in, and dispatches once they are there", () => {
    const bench = new Harness();
    bench.ready("w");
    expect(bench.submit("a")).toEqual([{ type: "prepare", requestId: "a" }]);
    expect(bench.prepared("a")).toEqual([
      { type: "dispatch", workerId: "w", epoch: 1, items: [{ requestId: "a", attempt: 1 }] },
    ]);
    bench.result("a");
    expect(bench.outcome("a")).toMatchObject({ ok: true, payload: "a", workerId: "w", attempt: 1 });
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("takes requests in before the first worker is ready", () => {
    const bench = new Harness();
    bench.queue("a");
    expect(bench.batches()).toEqual([]);
    bench.ready("w");
    expect(bench.batches()).toEqual(["w: a"]);
  });

  it("names the models there are when one is unknown", () => {
    const bench = new Harness();
    bench.submit("a", { modelId: "other" });
    expect(bench.outcome("a")).toMatchObject({ code: "MODEL_NOT_FOUND" });
    expect(bench.outcome("a")).toHaveProperty("message", expect.stringContaining("Known models: m."));
  });

  it("refuses an id that is under way, or that ran: answers to the one would pass for the other's", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    const refused = { type: "settle", outcome: { code: "INVALID_ARGUMENT" } };
    expect(bench.submit("a")).toMatchObject([refused]);
    bench.cancel("a");
    expect(bench.submit("a")).toMatchObject([refused]);
    bench.fail("a", "CANCELLED");
    expect(bench.submit("a")).toMatchObject([refused]);
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("takes an id again that never ran", () => {
    const bench = new Harness();
    bench.submit("a");
    bench.cancel("a");
    expect(bench.submit("a")).toEqual([{ type: "prepare", requestId: "a" }]);
  });

  it("remembers the ids of the last requests only", () => {
    const bench = new Harness();
    bench.ready("w");
    for (let index = 0; index < 5000; index += 1) {
      bench.queue(String(index));
      bench.result(String(index));
    }
    expect(bench.state.usedIds.size).toBe(4096);
    expect(bench.submit("4999")).toMatchObject([{ outcome: { code: "INVALID_ARGUMENT" } }]);
    expect(bench.submit("0")).toEqual([{ type: "prepare", requestId: "0" }]);
  });

  it("refuses what comes after its deadline, without preparing it", () => {
    const bench = new Harness();
    bench.now = 100;
    bench.submit("a", { deadlineAt: 100 });
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    expect(bench.all("prepare")).toEqual([]);
  });

  it("refuses with a time to come back when too many wait; what is being prepared counts", () => {
    const bench = new Harness({ maxQueueRequests: 2 });
    bench.submit("a");
    bench.queue("b");
    bench.submit("c");
    expect(bench.outcome("c")).toMatchObject({ code: "OVERLOADED", retryAfterMs: expect.any(Number) });
    expect(bench.all("overloaded")).toHaveLength(1);
    expect(bench.state.counts).toMatchObject({ submitted: 3, rejected: 1 });
  });

  it("makes room when a waiting request runs", () => {
    const bench = new Harness({ maxQueueRequests: 1 });
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.queue("b");
    bench.submit("c");
    expect(bench.end("c")).toBe("OVERLOADED");
    bench.result("a");
    bench.submit("d");
    expect(bench.end("d")).toBeUndefined();
  });

  it("refuses when the bytes that wait reach the limit", () => {
    const bench = new Harness({ maxQueueBytes: 100 });
    bench.submit("a");
    bench.prepared("a", 100);
    bench.submit("b");
    expect(bench.end("b")).toBe("OVERLOADED");
  });

  it("refuses inputs that turn out to be too many bytes for the queue", () => {
    const bench = new Harness({ maxQueueBytes: 100 });
    for (const id of ["a", "b", "c"]) bench.submit(id);
    for (const id of ["a", "b", "c"]) bench.prepared(id, 50);
    expect(["a", "b", "c"].map((id) => bench.end(id))).toEqual([undefined, undefined, "OVERLOADED"]);
    expect(bench.state.waitingBytes).toBe(100);
  });

  it("lets one request that is over the limit by itself wait alone", () => {
    const bench = new Harness({ maxQueueBytes: 100 });
    bench.submit("a");
    bench.prepared("a", 1000);
    expect(bench.end("a")).toBeUndefined();
    bench.ready("w");
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });

  it("ends a request whose preparation failed with what failed it", () => {
    const bench = new Harness();
    bench.submit("a");
    const failure = new Error("not a picture");
    bench.event({ type: "prepareFailed", requestId: "a", failure });
    expect(bench.outcome("a")).toMatchObject({ ok: false, failure });
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("ignores news of preparation about requests that ended or run", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.submit("gone");
    bench.cancel("gone");
    expect(bench.prepared("gone")).toEqual([]);
    bench.queue("a");
    expect(bench.prepared("a")).toEqual([]);
    expect(bench.event({ type: "prepareFailed", requestId: "a", failure: undefined })).toEqual([]);
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });
});
