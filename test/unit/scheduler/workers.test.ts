import { describe, expect, it } from "vitest";
import { Harness, leftovers, NOTHING_LEFT } from "./harness.ts";

describe("a worker's death", () => {
  it("has its requests tried again, each alone, the oldest first", () => {
    const bench = new Harness();
    for (const id of ["a", "b", "c"]) bench.queue(id);
    bench.ready("w");
    bench.lose("w");
    expect(bench.all("retried").map(({ failure }) => failure.code)).toEqual(Array(3).fill("WORKER_LOST"));
    bench.ready("w", { epoch: 2 });
    bench.queue("d");
    for (const id of ["a", "b", "c", "d"]) {
      expect(bench.batches().at(-1)).toBe(`w: ${id}`);
      bench.result(id);
    }
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("does not touch what ran elsewhere, and gives cancelled rows up", () => {
    const bench = new Harness();
    bench.ready("u");
    bench.queue("a");
    bench.ready("v");
    bench.queue("b");
    bench.queue("c");
    bench.cancel("a");
    bench.lose("u");
    expect(bench.isRunning("b")).toBe(true);
    expect(bench.end("a")).toBe("CANCELLED");
    bench.result("b");
    bench.result("c");
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("counts for the request's own retries", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { maxRetries: 0 });
    bench.lose("w", { code: "WORKER_HUNG" });
    expect(bench.outcome("a")).toMatchObject({ code: "WORKER_HUNG", failures: [{ attempt: 1 }] });
  });

  it("that is told late, or twice, does not touch the next life", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.lose("w");
    bench.ready("w", { epoch: 2 });
    bench.queue("a");
    bench.lose("w", { epoch: 1 });
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });

  it("that was not told is seen when the next life is ready", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.ready("w", { epoch: 2 });
    expect(bench.all("retried")).toMatchObject([{ requestId: "a", failure: { code: "WORKER_LOST" } }]);
    bench.result("a");
    expect(bench.outcome("a")).toMatchObject({ ok: true, attempt: 2 });
  });
});

describe("a READY of the past", () => {
  it("does not bring a dead worker back", () => {
    const bench = new Harness();
    bench.lose("w", { epoch: 3 });
    bench.ready("w", { epoch: 3 });
    bench.ready("w", { epoch: 2 });
    bench.queue("a");
    expect(bench.batches()).toEqual([]);
    expect(bench.state.counts.stale).toBe(2);
    bench.ready("w", { epoch: 4 });
    expect(bench.batches()).toEqual(["w: a"]);
  });

  it("or a repeated one does not empty a worker's hands", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.ready("w", { slots: 1 });
    bench.queue("b");
    expect(bench.batches()).toEqual(["w: a"]);
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });

  it("is remembered of the last workers only, so that fresh ids do not pile up", () => {
    const bench = new Harness();
    for (let life = 1; life <= 3000; life += 1) bench.lose(`w.${life}`, { epoch: life });
    expect(bench.state.lostEpochs.size).toBeLessThanOrEqual(1024);
    bench.ready("w.3000", { epoch: 3000 });
    expect(bench.state.workers.size).toBe(0);
  });
});

describe("a request that kills workers", () => {
  it("is refused after two deaths in which it ran alone", () => {
    const bench = new Harness();
    bench.queue("poison", { maxRetries: 9 });
    for (let epoch = 1; epoch <= 2; epoch += 1) {
      bench.ready("w", { epoch });
      expect(bench.isRunning("poison")).toBe(true);
      bench.lose("w", { epoch });
    }
    expect(bench.outcome("poison")).toMatchObject({ code: "POISON_QUARANTINED", failures: [{}, {}] });
  });

  it("takes three workers with it at most; its company in the first one is served", () => {
    const bench = new Harness();
    for (const id of ["a", "poison", "b"]) bench.queue(id, { maxRetries: 9 });
    let deaths = 0;
    for (let epoch = 1; epoch <= 20 && bench.state.requests.size > 0; epoch += 1) {
      bench.ready("w", { epoch });
      while (bench.state.requests.size > 0) {
        const hands = [...(bench.state.workers.get("w")?.running.values() ?? [])];
        if (hands.some(({ requestId }) => requestId === "poison")) {
          bench.lose("w", { epoch });
          deaths += 1;
          break;
        }
        for (const { requestId } of hands) bench.result(requestId);
      }
    }
    expect(deaths).toBe(3);
    expect([bench.end("a"), bench.end("poison"), bench.end("b")]).toEqual(["ok", "POISON_QUARANTINED", "ok"]);
  });

  it("is refused after three deaths in company", () => {
    const bench = new Harness({ maxSoloDeaths: 9 });
    bench.queue("a", { maxRetries: 9 });
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      bench.ready("w", { epoch });
      bench.lose("w", { epoch });
    }
    expect(bench.end("a")).toBe("POISON_QUARANTINED");
  });

  it("is on one worker at a time", () => {
    const bench = new Harness();
    bench.queue("poison");
    bench.ready("u");
    bench.ready("v");
    bench.lose("u");
    const holders = [...bench.state.workers.values()].filter(({ running }) => running.size > 0);
    expect(holders.map(({ id, solo }) => ({ id, solo }))).toEqual([{ id: "v", solo: true }]);
    bench.queue("a");
    expect(bench.isRunning("a")).toBe(false);
  });
});

describe("a model", () => {
  it("whose workers cannot start fails what waits, and what comes, until one is ready", () => {
    const bench = new Harness();
    bench.queue("a");
    const trouble = { code: "CRASH_LOOP", message: "They keep dying.", retryAfterMs: 5000 };
    bench.event({ type: "modelFailed", modelId: "m", ...trouble });
    bench.submit("b");
    for (const id of ["a", "b"]) expect(bench.outcome(id)).toMatchObject({ ok: false, ...trouble });
    bench.ready("w");
    bench.queue("c");
    bench.result("c");
    expect(bench.end("c")).toBe("ok");
  });

  it("with a worker left is not failed by another", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.queue("b");
    bench.event({
      type: "modelFailed",
      modelId: "m",
      code: "CRASH_LOOP",
      message: "",
      retryAfterMs: undefined,
    });
    bench.result("a");
    bench.result("b");
    expect([bench.end("a"), bench.end("b")]).toEqual(["ok", "ok"]);
  });

  it("whose last worker is on its way out is failed", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", "DRAINING");
    bench.event({
      type: "modelFailed",
      modelId: "m",
      code: "CRASH_LOOP",
      message: "",
      retryAfterMs: undefined,
    });
    expect(bench.end("a")).toBe("CRASH_LOOP");
  });

  it("that is removed ends what waits, lets what runs end, and is unknown from then on", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("runs");
    bench.queue("waits");
    bench.submit("prepares");
    bench.event({ type: "modelRemoved", modelId: "m" });
    expect([bench.end("waits"), bench.end("prepares")]).toEqual(["MODEL_NOT_FOUND", "MODEL_NOT_FOUND"]);
    bench.result("runs");
    expect(bench.end("runs")).toBe("ok");
    bench.submit("late");
    expect(bench.end("late")).toBe("MODEL_NOT_FOUND");
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("that is removed is not brought back by a worker that gets ready late", () => {
    const bench = new Harness();
    bench.event({ type: "modelRemoved", modelId: "m" });
    bench.ready("w");
    bench.submit("a");
    expect(bench.end("a")).toBe("MODEL_NOT_FOUND");
  });

  it("that is removed fails what ran on a worker that dies", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.event({ type: "modelRemoved", modelId: "m" });
    bench.lose("w");
    expect(bench.end("a")).toBe("WORKER_LOST");
  });

  it("that comes again under the same name does not use the former one's workers", () => {
    const bench = new Harness();
    bench.ready("old");
    bench.event({ type: "modelRemoved", modelId: "m" });
    bench.event({ type: "modelAdded", modelId: "m" });
    bench.queue("a");
    expect(bench.batches()).toEqual([]);
    bench.ready("new");
    expect(bench.batches()).toEqual(["new: a"]);
  });
});
