import { describe, expect, it } from "vitest";
import { nextWake } from "../../../ts-client/src/scheduler/index.ts";
import { Harness, leftovers, NOTHING_LEFT } from "./harness.ts";

describe("deadline", () => {
  it("ends a request that is being prepared", () => {
    const bench = new Harness();
    bench.submit("a", { deadlineAt: 100 });
    bench.advance(99);
    expect(bench.end("a")).toBeUndefined();
    bench.advance(1);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("ends a request that waits", () => {
    const bench = new Harness();
    bench.queue("a", { deadlineAt: 100 });
    bench.advance(100);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    bench.ready("w");
    expect(bench.batches()).toEqual([]);
  });

  it("ends a running request at once and has the worker stop", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { deadlineAt: 100 });
    bench.advance(100);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    expect(bench.all("cancelAttempt")).toEqual([
      { type: "cancelAttempt", workerId: "w", requestId: "a", attempt: 1, reason: "DEADLINE_EXCEEDED" },
    ]);
  });

  it("comes before an answer that is as late", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { deadlineAt: 100 });
    bench.now = 100;
    bench.result("a");
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("ends a request that waits for another try", () => {
    const bench = new Harness({ retryDelayMs: 1000 });
    bench.ready("w");
    bench.queue("a", { deadlineAt: 10 });
    bench.fail("a", "OUTPUT_INVALID");
    bench.advance(10);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });
});

describe("queue timeout", () => {
  it("ends a request that waits too long, also while it is prepared", () => {
    const bench = new Harness();
    bench.submit("a", { queueTimeoutMs: 50 });
    bench.queue("b", { queueTimeoutMs: 60 });
    bench.advance(50);
    expect([bench.end("a"), bench.end("b")]).toEqual(["DEADLINE_EXCEEDED", undefined]);
    bench.advance(10);
    expect(bench.end("b")).toBe("DEADLINE_EXCEEDED");
  });

  it("does not end a request that runs", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { queueTimeoutMs: 50 });
    bench.advance(1000);
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });

  it("counts the time in the queue only: a try that ran long does not use it up", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { queueTimeoutMs: 50 });
    bench.advance(1000);
    bench.lose("w");
    bench.advance(49);
    expect(bench.end("a")).toBeUndefined();
    bench.advance(1);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
  });
});

describe("run timeout", () => {
  it("ends a try that takes too long, and has the worker stop", () => {
    const bench = new Harness();
    bench.queue("a", { runTimeoutMs: 50 });
    bench.advance(500);
    bench.ready("w");
    bench.advance(49);
    expect(bench.end("a")).toBeUndefined();
    bench.advance(1);
    expect(bench.outcome("a")).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(bench.all("cancelAttempt")).toHaveLength(1);
  });

  it("counts each try afresh", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { runTimeoutMs: 50 });
    bench.advance(40);
    bench.fail("a", "OUTPUT_INVALID");
    bench.advance(40);
    expect(bench.isRunning("a")).toBe(true);
    bench.advance(10);
    expect(bench.end("a")).toBe("DEADLINE_EXCEEDED");
  });
});

describe("a cancelled try", () => {
  it("that the worker never confirms has the worker replaced, once", () => {
    const bench = new Harness({ cancelGraceMs: 1000 });
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.cancel("a");
    bench.queue("b");
    bench.advance(999);
    expect(bench.all("recycle")).toEqual([]);
    bench.advance(5000);
    expect(bench.all("recycle")).toMatchObject([{ workerId: "w", code: "WORKER_HUNG" }]);
    bench.lose("w");
    bench.ready("w", { epoch: 2, slots: 1 });
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
  });

  it("is told again while the worker does not confirm it", () => {
    const bench = new Harness({ cancelGraceMs: 1000 });
    bench.ready("w");
    bench.queue("a");
    bench.queue("b");
    bench.cancel("a");
    bench.now = 50;
    bench.cancel("b");
    bench.now = 0;
    bench.advance(260);
    const told = bench.all("cancelAttempt").map(({ requestId, reason }) => `${requestId} ${reason}`);
    expect(told).toEqual([
      "a CANCELLED",
      "b CANCELLED",
      "a CANCELLED",
      "b CANCELLED",
      "a CANCELLED",
      "b CANCELLED",
    ]);
    bench.fail("a", "CANCELLED");
    bench.fail("b", "CANCELLED");
    bench.advance(5000);
    expect(bench.all("cancelAttempt")).toHaveLength(6);
  });

  it("that is confirmed in time is forgotten", () => {
    const bench = new Harness({ cancelGraceMs: 1000 });
    bench.ready("w");
    bench.queue("a");
    bench.cancel("a");
    bench.fail("a", "CANCELLED");
    expect(nextWake(bench.state)).toBe(Number.POSITIVE_INFINITY);
    bench.advance(5000);
    expect(bench.all("recycle")).toEqual([]);
  });
});

describe("the next wake", () => {
  it("is never while nothing is left", () => {
    const bench = new Harness();
    expect(nextWake(bench.state)).toBe(Number.POSITIVE_INFINITY);
    bench.ready("w");
    bench.queue("a", { deadlineAt: 600_000, runTimeoutMs: 1000 });
    expect(nextWake(bench.state)).toBe(1000);
    bench.result("a");
    expect(nextWake(bench.state)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is never after closing", () => {
    const bench = new Harness();
    bench.queue("a", { deadlineAt: 600_000 });
    bench.event({ type: "close" });
    expect(nextWake(bench.state)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("timers of settled requests", () => {
  it("do not pile up while others live", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("long", { deadlineAt: 600_000 });
    for (let index = 0; index < 5000; index += 1) {
      bench.queue(`${index}`, { deadlineAt: 600_000 });
      bench.result(`${index}`);
    }
    expect(bench.state.timers.size).toBeLessThan(1100);
    bench.advance(600_000);
    expect(bench.end("long")).toBe("DEADLINE_EXCEEDED");
  });
});
