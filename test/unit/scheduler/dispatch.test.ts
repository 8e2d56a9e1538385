import { describe, expect, it } from "vitest";
import { Harness } from "./harness.ts";

describe("batches", () => {
  it("gather requests of one key, in order", () => {
    const bench = new Harness();
    bench.queue("a1", { batchKey: "a" });
    bench.queue("b1", { batchKey: "b" });
    bench.queue("a2", { batchKey: "a" });
    bench.queue("b2", { batchKey: "b" });
    bench.ready("w");
    expect(bench.batches()).toEqual(["w: a1 a2", "w: b1 b2"]);
  });

  it("hold rows up to the slots; beams count as rows", () => {
    const bench = new Harness();
    for (const id of ["a", "b", "c"]) bench.queue(id, { rows: 3 });
    bench.ready("w", { slots: 8 });
    expect(bench.batches()).toEqual(["w: a b"]);
    expect(bench.state.workers.get("w")?.rowsInFlight).toBe(6);
    bench.result("a");
    expect(bench.batches()).toEqual(["w: a b", "w: c"]);
  });

  it("hold no more requests than the policy allows", () => {
    const bench = new Harness({ maxBatch: 2 });
    for (const id of ["a", "b", "c"]) bench.queue(id);
    bench.ready("w");
    expect(bench.batches()).toEqual(["w: a b", "w: c"]);
  });

  it("join a worker that is already running, while it has rows", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 2 });
    for (const id of ["a", "b", "c"]) bench.queue(id);
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
  });
});

describe("more rows than slots", () => {
  it("run on an idle worker, without company", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 4 });
    bench.queue("wide", { rows: 5 });
    bench.queue("small");
    expect(bench.batches()).toEqual(["w: wide"]);
    bench.result("wide");
    expect(bench.batches()).toEqual(["w: wide", "w: small"]);
  });

  it("wait for a worker to be idle, and are not overtaken for ever", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 2 });
    bench.queue("a");
    bench.queue("b");
    bench.queue("wide", { rows: 3 });
    bench.queue("c");
    bench.result("a");
    expect(bench.isRunning("c")).toBe(false);
    bench.result("b");
    expect(bench.batches().at(-1)).toBe("w: wide");
    bench.result("wide");
    expect(bench.batches().at(-1)).toBe("w: c");
  });

  it("keep only one worker free; the others go on", () => {
    const bench = new Harness();
    bench.ready("u", { slots: 2 });
    bench.ready("v", { slots: 2 });
    for (const id of ["a", "b", "c"]) bench.queue(id);
    expect(bench.state.workers.get("v")?.rowsInFlight).toBe(1);
    bench.queue("wide", { rows: 4 });
    bench.queue("d");
    expect(bench.isRunning("d")).toBe(false);
    bench.result("a");
    expect(bench.batches().at(-1)).toBe("v: d");
    bench.result("c");
    expect(bench.batches().at(-1)).toBe("u: wide");
  });
});

describe("several workers", () => {
  it("share what is due at once, in one batch each", () => {
    const bench = new Harness({ retryDelayMs: 500 }, 2);
    bench.ready("w", { slots: 4 });
    for (const id of ["a", "b", "c", "d"]) bench.queue(id);
    for (const id of ["a", "b", "c", "d"]) bench.fail(id, "DRAINING");
    bench.ready("u");
    bench.ready("v");
    bench.now = 1000;
    bench.event({ type: "tick" });
    expect(bench.batches().slice(4)).toEqual(["u: a b", "v: c d"]);
  });

  it("get single requests by load, and by turns when the load is equal", () => {
    const bench = new Harness();
    bench.ready("u");
    bench.now = 1;
    bench.ready("v");
    bench.now = 2;
    bench.queue("a");
    bench.queue("b");
    bench.result("a");
    bench.result("b");
    bench.now = 3;
    bench.queue("c");
    expect(bench.batches()).toEqual(["u: a", "v: b", "u: c"]);
  });

  it("get a failed request elsewhere when there is another", () => {
    const bench = new Harness();
    bench.ready("u");
    bench.ready("v");
    bench.queue("a");
    bench.fail("a", "OUTPUT_INVALID");
    expect(bench.batches()).toEqual(["u: a", "v: a"]);
  });

  it("serve only their own model", () => {
    const bench = new Harness();
    bench.event({ type: "modelAdded", modelId: "n" });
    bench.ready("w", { modelId: "n" });
    bench.queue("a");
    expect(bench.batches()).toEqual([]);
    bench.ready("v");
    expect(bench.batches()).toEqual(["v: a"]);
  });
});

describe("a worker that takes nothing", () => {
  it("gets nothing while it stalls, keeps what it has, and gets work again after", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.event({ type: "workerAccepting", workerId: "w", accepting: false });
    bench.queue("b");
    expect(bench.batches()).toEqual(["w: a"]);
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
    bench.event({ type: "workerAccepting", workerId: "w", accepting: true });
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
  });

  it("gets nothing more in this life once it said that it drains", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", "DRAINING");
    bench.event({ type: "workerAccepting", workerId: "w", accepting: true });
    bench.advance(60_000);
    expect(bench.batches()).toEqual(["w: a"]);
    bench.lose("w");
    bench.ready("w", { epoch: 2 });
    expect(bench.batches()).toEqual(["w: a", "w: a"]);
  });
});
