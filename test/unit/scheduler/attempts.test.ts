import { describe, expect, it } from "vitest";
import { Harness, leftovers, NOTHING_LEFT } from "./harness.ts";

describe("messages of the past", () => {
  it("from another life of the worker are dropped and counted", () => {
    const bench = new Harness();
    bench.ready("w", { epoch: 2 });
    bench.queue("a", { stream: true });
    for (const epoch of [1, 3]) {
      expect(bench.result("a", { epoch })).toEqual([]);
      expect(bench.chunk("a", 0, { epoch })).toEqual([]);
      expect(bench.fail("a", "INTERNAL", { epoch })).toEqual([]);
      expect(bench.fail("a", "CUDA_FATAL", { epoch })).toEqual([]);
    }
    expect(bench.state.counts.stale).toBe(8);
    bench.result("a");
    expect(bench.end("a")).toBe("ok");
  });

  it("of another try are dropped and counted", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", "OUTPUT_INVALID");
    for (const attempt of [1, 3]) expect(bench.result("a", { attempt })).toEqual([]);
    expect(bench.state.counts.stale).toBe(2);
    bench.result("a");
    expect(bench.outcome("a")).toMatchObject({ ok: true, attempt: 2 });
  });

  it("of a worker that does not have the request are dropped and counted", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.ready("liar");
    expect(bench.result("a", { workerId: "liar" })).toEqual([]);
    expect(bench.fail("a", "INTERNAL", { workerId: "nobody" })).toEqual([]);
    expect(bench.state.counts.stale).toBe(2);
    expect(bench.isRunning("a")).toBe(true);
  });

  it("that repeat an answer are dropped and counted", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.result("a");
    bench.result("a");
    bench.fail("a", "INTERNAL");
    expect(bench.end("a")).toBe("ok");
    expect(bench.state.counts.stale).toBe(2);
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });
});

describe("a cancelled request", () => {
  it("ends at once; its rows stay taken until the worker says so", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a");
    bench.queue("b");
    bench.cancel("a");
    expect(bench.end("a")).toBe("CANCELLED");
    expect(bench.state.counts.cancelled).toBe(1);
    expect(bench.batches()).toEqual(["w: a"]);
    bench.fail("a", "CANCELLED");
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
  });

  it("gives its rows back with a late answer just as well, and delivers nothing", () => {
    const bench = new Harness();
    bench.ready("w", { slots: 1 });
    bench.queue("a", { stream: true });
    bench.queue("b");
    bench.cancel("a");
    expect(bench.chunk("a", 0)).toEqual([]);
    bench.result("a", { chunks: 1 });
    expect(bench.end("a")).toBe("CANCELLED");
    expect(bench.batches()).toEqual(["w: a", "w: b"]);
    expect(bench.state.counts.stale).toBe(0);
  });

  it("ends at once while it is prepared or waits", () => {
    const bench = new Harness();
    bench.submit("a");
    bench.queue("b");
    bench.cancel("a");
    bench.cancel("b");
    expect([bench.end("a"), bench.end("b")]).toEqual(["CANCELLED", "CANCELLED"]);
    expect(bench.all("cancelAttempt")).toEqual([]);
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("that has ended is none", () => {
    const bench = new Harness();
    expect(bench.cancel("a")).toEqual([]);
  });
});

describe("streams", () => {
  it("hand chunks on in order, then the answer", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { stream: true });
    bench.chunk("a", 0);
    bench.chunk("a", 1);
    bench.result("a", { chunks: 2 });
    expect(bench.all("deliver").map(({ tokens }) => tokens)).toEqual([[0], [1]]);
    expect(bench.end("a")).toBe("ok");
  });

  it("are not tried again once a token was delivered, whatever failed", () => {
    const bench = new Harness();
    for (const id of ["lost", "invalid", "oom", "draining"]) {
      bench.ready(id);
      bench.queue(id, { stream: true });
      bench.chunk(id, 0);
    }
    bench.fail("invalid", "OUTPUT_INVALID");
    bench.fail("oom", "CUDA_OOM");
    bench.fail("draining", "DRAINING");
    bench.lose("lost");
    expect(["lost", "invalid", "oom", "draining"].map((id) => bench.end(id))).toEqual([
      "WORKER_LOST",
      "OUTPUT_INVALID",
      "CUDA_OOM",
      "DRAINING",
    ]);
    expect(bench.all("retried")).toEqual([]);
  });

  it("are tried again while nothing was delivered, and start from chunk 0", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { stream: true });
    bench.fail("a", "OUTPUT_INVALID");
    bench.chunk("a", 0);
    bench.result("a", { chunks: 1 });
    expect(bench.outcome("a")).toMatchObject({ ok: true, attempt: 2, failures: [{ attempt: 1 }] });
  });

  it("with a gap have the worker replaced, once, and deliver nothing after it", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { stream: true });
    bench.chunk("a", 0);
    bench.chunk("a", 2);
    bench.chunk("a", 3);
    expect(bench.all("recycle")).toMatchObject([{ workerId: "w", code: "PROTOCOL" }]);
    expect(bench.all("deliver")).toHaveLength(1);
    bench.queue("b");
    expect(bench.isRunning("b")).toBe(false);
    bench.lose("w", { code: "PROTOCOL" });
    expect(bench.end("a")).toBe("PROTOCOL");
  });

  it("with a repeated chunk deliver it once", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { stream: true });
    bench.chunk("a", 0);
    bench.chunk("a", 0);
    bench.chunk("a", 1);
    bench.result("a", { chunks: 2 });
    expect(bench.all("deliver")).toHaveLength(2);
    expect(bench.all("recycle")).toEqual([]);
    expect(bench.state.counts.stale).toBe(1);
    expect(bench.end("a")).toBe("ok");
  });

  it("that lack a chunk at the end fail, and have the worker replaced", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { stream: true });
    bench.chunk("a", 0);
    bench.result("a", { chunks: 2 });
    expect(bench.end("a")).toBe("PROTOCOL");
    expect(bench.all("recycle")).toMatchObject([{ workerId: "w", code: "PROTOCOL" }]);
  });

  it("that lack all chunks are tried again elsewhere", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.ready("v");
    bench.queue("a", { stream: true });
    bench.result("a", { chunks: 2 });
    expect(bench.batches()).toEqual(["w: a", "v: a"]);
  });

  it("that nobody asked for are a breach", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.chunk("a", 0);
    expect(bench.all("deliver")).toEqual([]);
    expect(bench.all("recycle")).toMatchObject([{ workerId: "w", code: "PROTOCOL" }]);
  });
});

describe("errors of a worker", () => {
  it.each([
    "INVALID_ARGUMENT",
    "UNSUPPORTED",
    "IMAGE_REJECTED",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "SLOW_CONSUMER",
  ])("%s ends the request", (code) => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", code);
    expect(bench.outcome("a")).toMatchObject({ code, failures: [{ attempt: 1, workerId: "w", code }] });
    expect(leftovers(bench)).toEqual(NOTHING_LEFT);
  });

  it("name the field that was wrong", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    const { workerId, epoch, requestId, attempt } = bench.sent.get("a") ?? expect.fail("not sent");
    const code = "INVALID_ARGUMENT";
    const path = "options.top_k";
    bench.event({ type: "error", workerId, epoch, requestId, attempt, code, message: "", path });
    expect(bench.outcome("a")).toMatchObject({ code, path });
  });

  it.each(["OUTPUT_INVALID", "PROTOCOL"])("%s is tried again, as often as the request allows", (code) => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a", { maxRetries: 2 });
    for (let tries = 1; tries <= 3; tries += 1) {
      expect(bench.all("dispatch")).toHaveLength(tries);
      bench.fail("a", code);
    }
    expect(bench.outcome("a")).toMatchObject({ code, failures: [{}, {}, {}] });
    expect(bench.all("retried")).toHaveLength(2);
  });

  it("DRAINING is tried elsewhere free of charge", () => {
    const bench = new Harness({ retryRatio: 0, retriesPerSecond: 0 });
    bench.ready("u");
    bench.ready("v");
    bench.queue("a", { maxRetries: 0 });
    bench.fail("a", "DRAINING");
    bench.result("a");
    expect(bench.batches()).toEqual(["u: a", "v: a"]);
    expect(bench.end("a")).toBe("ok");
  });

  it("CUDA_OOM has the requests of a batch run one by one", () => {
    const bench = new Harness();
    bench.queue("a");
    bench.queue("b");
    bench.ready("w");
    bench.fail("a", "CUDA_OOM");
    expect(bench.isRunning("a")).toBe(false);
    bench.fail("b", "CUDA_OOM");
    expect(bench.batches()).toEqual(["w: a b", "w: a"]);
    bench.queue("c");
    bench.result("a");
    bench.result("b");
    expect(bench.batches().slice(2)).toEqual(["w: b", "w: c"]);
    bench.result("c");
  });

  it("CUDA_OOM of a request that ran alone is final", () => {
    const bench = new Harness();
    bench.ready("w");
    bench.queue("a");
    bench.fail("a", "CUDA_OOM");
    bench.fail("a", "CUDA_OOM");
    expect(bench.outcome("a")).toMatchObject({ code: "RESOURCE_EXHAUSTED", failures: [{}, {}] });
  });

  it("CUDA_FATAL is the death of the worker for everything it runs", () => {
    const bench = new Harness();
    bench.queue("a");
    bench.queue("b");
    bench.ready("w");
    bench.fail("a", "CUDA_FATAL");
    expect(bench.all("recycle")).toMatchObject([{ workerId: "w", code: "CUDA_FATAL" }]);
    expect(bench.all("retried").map(({ requestId }) => requestId)).toEqual(["a", "b"]);
    bench.fail("b", "CUDA_FATAL");
    bench.lose("w", { code: "CUDA_FATAL" });
    expect(bench.all("retried")).toHaveLength(2);
    bench.ready("w", { epoch: 2 });
    bench.result("a");
    bench.result("b");
    expect([bench.end("a"), bench.end("b")]).toEqual(["ok", "ok"]);
  });
});
