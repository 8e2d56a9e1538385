import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../../ts-client/src/scheduler/index.ts";
import { RetryBudget, RetryPermit } from "../../../ts-client/src/scheduler/retry-budget.ts";
import { Harness } from "./harness.ts";

const POLICY = { ...DEFAULT_POLICY, retryRatio: 0.5, retriesPerSecond: 1, retryWindowMs: 2000 };

function spent(): RetryBudget {
  const budget = new RetryBudget(POLICY);
  while (budget.nextAt(0) === 0) budget.reserve(0);
  return budget;
}

describe("RetryBudget", () => {
  it("starts with what time alone can fill up to", () => {
    const budget = new RetryBudget(POLICY);
    expect([budget.reserve(0), budget.reserve(0), budget.reserve(0)]).toEqual([0, 0, 1000]);
  });

  it("gives later permits to those that come when it is spent, one after the other", () => {
    const budget = spent();
    expect([budget.reserve(0), budget.reserve(0), budget.reserve(500)]).toEqual([1000, 2000, 3000]);
  });

  it("earns a share of a permit with every request", () => {
    const budget = spent();
    budget.earn(0);
    expect(budget.nextAt(0)).toBe(500);
    budget.earn(0);
    expect(budget.nextAt(0)).toBe(0);
  });

  it("fills up with time, to no more than its floor", () => {
    const budget = spent();
    expect([1, 2, 3].map(() => budget.reserve(1_000_000) - 1_000_000)).toEqual([0, 0, 1000]);
  });

  it("lets what was earned and not used lapse", () => {
    const budget = new RetryBudget(POLICY);
    for (let index = 0; index < 1000; index += 1) budget.earn(0);
    let now = 0;
    let permits = 0;
    for (now = 60_000; budget.nextAt(now) === now; permits += 1) budget.reserve(now);
    expect(permits).toBe(2);
  });

  it("gives nothing when there is nothing to come", () => {
    const budget = new RetryBudget({ ...POLICY, retriesPerSecond: 0 });
    expect(budget.nextAt(0)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("RetryPermit", () => {
  it("costs nothing until it is taken, and one permit however often", () => {
    const budget = new RetryBudget({ ...POLICY, retryWindowMs: 1000 });
    const unused = new RetryPermit(budget);
    expect(unused.usableAt(0)).toBe(0);
    const permit = new RetryPermit(budget);
    permit.take(0);
    permit.take(0);
    expect(budget.nextAt(0)).toBe(1000);
    expect(permit.usableAt(0)).toBe(0);
  });
});

describe("retries past the budget", () => {
  const policy = { retryRatio: 0, retriesPerSecond: 1, retryWindowMs: 1000 };

  it("wait for their permit", () => {
    const bench = new Harness(policy);
    bench.ready("w");
    bench.queue("a");
    bench.queue("b");
    bench.fail("a", "OUTPUT_INVALID");
    bench.fail("b", "OUTPUT_INVALID");
    expect([bench.isRunning("a"), bench.isRunning("b")]).toEqual([true, false]);
    bench.advance(999);
    expect(bench.isRunning("b")).toBe(false);
    bench.advance(1);
    expect(bench.isRunning("b")).toBe(true);
  });

  it("end at once when the permit would come after the deadline, and leave it to others", () => {
    const bench = new Harness(policy);
    bench.ready("w");
    for (const id of ["a", "b", "c"]) bench.queue(id, { deadlineAt: id === "b" ? 500 : 60_000 });
    for (const id of ["a", "b", "c"]) bench.fail(id, "OUTPUT_INVALID");
    expect(bench.outcome("b")).toMatchObject({ code: "OUTPUT_INVALID" });
    bench.advance(1000);
    expect(bench.isRunning("c")).toBe(true);
  });

  it("cost one permit for a death, however many requests it concerned", () => {
    const bench = new Harness(policy);
    for (const id of ["a", "b", "c", "d"]) bench.queue(id);
    bench.ready("w");
    bench.lose("w");
    for (const id of ["u", "v", "x", "y"]) bench.ready(id);
    expect(["a", "b", "c", "d"].every((id) => bench.isRunning(id))).toBe(true);
  });

  it("are not paid for by failures that are not tried again", () => {
    const bench = new Harness(policy);
    bench.ready("w");
    bench.queue("once", { maxRetries: 0 });
    bench.queue("stream", { stream: true });
    bench.queue("a");
    bench.chunk("stream", 0);
    bench.fail("once", "OUTPUT_INVALID");
    bench.fail("stream", "OUTPUT_INVALID");
    bench.fail("a", "OUTPUT_INVALID");
    expect(bench.isRunning("a")).toBe(true);
  });
});
