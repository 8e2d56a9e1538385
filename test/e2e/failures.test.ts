import { afterEach, describe, expect, test } from "vitest";
import { WorkerPool, type WorkerPoolOptions } from "../../ts-client/src/index.ts";
import { children, isRunning, until } from "../support/processes.ts";
import { rawRequest, scripted } from "../support/requests.ts";

const pools: WorkerPool[] = [];

async function startPool(script: object, options: Partial<WorkerPoolOptions> = {}): Promise<WorkerPool> {
  const pool = await WorkerPool.start({
    model: {
      source: scripted(script),
      modelId: "scripted",
      ...(options.workers ? { workers: options.workers } : {}),
    },
    logLevel: "off",
    ...options,
  });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  expect(children()).toEqual([]);
});

async function pids(pool: WorkerPool): Promise<number[]> {
  return (await pool.stats()).workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}

describe("a pool on scripted workers", () => {
  test("answers, with every stage's time", async () => {
    const pool = await startPool({ tokens: 3, token_ms: 2 });
    const result = await pool.submit(rawRequest([11, 12]));
    const tokens = Array.from(result.sequences.data, Number);
    expect(tokens.slice(1, 4)).toEqual([11, 12, 11]);
    expect(result.attempts).toBe(1);
    expect(Object.keys(result.timings)).toEqual(
      expect.arrayContaining(["prepare", "queue", "wire", "total"]),
    );
  });

  test("loses nothing when workers are killed in the middle of their requests", async () => {
    const pool = await startPool({ tokens: 4, service_ms: 20 }, { workers: 2, ready: "all" });
    const results = Array.from({ length: 200 }, (_, index) => pool.submit(rawRequest([index + 1])));
    let kills = 0;
    const killer = (async () => {
      while (kills < 4) {
        await until(
          async () => (await pool.stats()).workers.some(({ inFlight }) => inFlight > 0),
          "work in hand",
        );
        const busy = (await pool.stats()).workers.find(
          ({ inFlight, pid }) => inFlight > 0 && pid !== undefined,
        );
        if (busy?.pid === undefined) continue;
        process.kill(busy.pid, "SIGKILL");
        kills += 1;
        await until(
          async () =>
            (await pool.stats()).workers.every(({ state }) => state === "ready" || state === "busy"),
          "recovery",
        );
        if ((await pool.stats()).queue.requests === 0) break;
      }
    })();
    const settled = await Promise.allSettled(results);
    await killer;
    const wrong = settled.filter((each, index) => {
      return each.status === "rejected" || Number(each.value.sequences.data[1]) !== index + 1;
    });
    expect(wrong).toEqual([]);
    expect(kills).toBeGreaterThan(0);
  });

  test("a death costs the retry budget once, however many requests the worker held", async () => {
    const pool = await startPool({ tokens: 1, service_ms: 100 }, { slots: 64 });
    const results = Array.from({ length: 60 }, (_, index) => pool.submit(rawRequest([index + 1])));
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 60, "60 in flight");
    const [pid] = await pids(pool);
    process.kill(pid ?? 0, "SIGKILL");
    for (const { sequences } of await Promise.all(results)) expect(sequences.size).toBeGreaterThan(1);
    expect((await pool.stats()).counts.retried).toBe(60);
  });

  test("a request that kills its workers is refused for good, and its company is served", async () => {
    const pool = await startPool(
      { tokens: 2, service_ms: 50, faults: [{ do: "exit", status: 70, token: 666 }] },
      { workers: 2, ready: "all" },
    );
    const good = Array.from({ length: 8 }, (_, index) => pool.submit(rawRequest([index + 1])));
    const bad = pool.submit(rawRequest([666]));
    await expect(bad).rejects.toMatchObject({ code: "POISON_QUARANTINED", retryable: false });
    expect(await Promise.all(good)).toHaveLength(8);
  });

  test("a stopped worker is found, killed and replaced", async () => {
    const pool = await startPool({ tokens: 1 }, { liveness: { beatMs: 100, deadAfter: 3 } });
    const [pid = 0] = await pids(pool);
    process.kill(pid, "SIGSTOP");
    const result = await pool.submit(rawRequest([5]));
    expect(result.sequences.size).toBeGreaterThan(1);
    expect(isRunning(pid)).toBe(false);
    expect((await pool.stats()).workers[0]?.lastError).toMatch(/pings/);
  });

  test("a worker that works without progress is killed, one that holds the lock for a while is not", async () => {
    const pool = await startPool(
      {
        tokens: 1,
        faults: [
          { do: "hang", token: 9 },
          { do: "hold_gil", token: 8, ms: 1500 },
        ],
      },
      { liveness: { beatMs: 100, stallMs: 300, progressMs: 3000 } },
    );
    const held = await pool.submit(rawRequest([8]));
    expect(held.attempts).toBe(1);
    const hung = pool.submit(rawRequest([9]), { maxRetries: 0 });
    await expect(hung).rejects.toMatchObject({
      code: expect.stringMatching(/POISON_QUARANTINED|WORKER_HUNG/),
    });
  });

  test("a deadline ends a request wherever it is, and frees its worker", async () => {
    const pool = await startPool({ tokens: 1000, token_ms: 10 }, { slots: 1 });
    const running = pool.submit(rawRequest([1], { options: { max_new_tokens: 1000 } }), { deadlineMs: 200 });
    const queued = pool.submit(rawRequest([2]), { queueTimeoutMs: 50 });
    await expect(queued).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(running).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 0, "the slot free again");
  });

  test("an abort ends a request at once with the caller's reason", async () => {
    const pool = await startPool({ tokens: 1000, token_ms: 10 });
    const controller = new AbortController();
    const request = pool.submit(rawRequest([1], { options: { max_new_tokens: 1000 } }), {
      signal: controller.signal,
    });
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 1, "running");
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(request).rejects.toMatchObject({ code: "CANCELLED", cause: reason });
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 0, "the slot free again");
  });

  test("a full queue refuses at once and says when to come back", async () => {
    const pool = await startPool({ tokens: 1, service_ms: 300 }, { slots: 1, maxQueue: 2 });
    const requests = Array.from({ length: 6 }, (_, index) => pool.submit(rawRequest([index + 1])));
    const settled = await Promise.allSettled(requests);
    const refused = settled.filter((each) => each.status === "rejected").map(({ reason }) => reason);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toMatchObject({ code: "OVERLOADED", retryable: true });
      expect(error.retryAfterMs).toBeGreaterThan(0);
    }
  });

  test("a stream gives each token once, in order, at its reader's pace", async () => {
    const pool = await startPool({ tokens: 200 });
    const submission = pool.submit(rawRequest([7, 8, 9], { stream: true, options: { max_new_tokens: 200 } }));
    const tokens: number[] = [];
    for await (const chunk of submission) {
      tokens.push(...chunk.tokens);
      if (tokens.length % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const result = await submission;
    expect(tokens).toEqual(Array.from(result.sequences.data, Number).slice(1));
    expect(() => submission[Symbol.asyncIterator]()).toThrow(/once/);
  });

  test("leaving a stream cancels it", async () => {
    const pool = await startPool({ tokens: 1000, token_ms: 5 });
    const submission = pool.submit(rawRequest([7], { stream: true, options: { max_new_tokens: 1000 } }));
    for await (const _ of submission) break;
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED" });
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 0, "the slot free again");
  });

  test("a stream that has begun is not tried again and keeps what it got", async () => {
    const pool = await startPool({
      tokens: 50,
      token_ms: 5,
      faults: [{ do: "exit", token: 3, after_tokens: 5 }],
    });
    const submission = pool.submit(rawRequest([3], { stream: true, options: { max_new_tokens: 50 } }));
    const got: number[] = [];
    const read = (async () => {
      for await (const chunk of submission) got.push(...chunk.tokens);
    })();
    await expect(read).rejects.toMatchObject({ code: "WORKER_LOST" });
    await expect(submission).rejects.toMatchObject({ tokens: got });
    expect(got.length).toBeGreaterThan(0);
  });

  test.each(["stale_epoch", "duplicate_result", "stray_result", "skip_chunk", "garbage"])(
    "a worker that breaks the protocol (%s) harms no request",
    async (fault) => {
      const pool = await startPool(
        { tokens: 4, faults: [{ do: fault, token: 13 }] },
        { workers: 2, ready: "all" },
      );
      const good = Array.from({ length: 10 }, (_, index) => pool.submit(rawRequest([index + 100])));
      const odd = pool.submit(rawRequest([13]), { deadlineMs: 5_000 });
      for (const [index, { sequences }] of (await Promise.all(good)).entries()) {
        expect(Number(sequences.data[1])).toBe(index + 100);
      }
      await odd.then(
        ({ sequences }) => expect(Number(sequences.data[1])).toBe(13),
        (error) => expect(error.code).toMatch(/DEADLINE_EXCEEDED|PROTOCOL|POISON_QUARANTINED|WORKER_LOST/),
      );
    },
  );

  test("an exception in a request is its caller's, and the worker goes on", async () => {
    const pool = await startPool({
      tokens: 1,
      faults: [{ do: "raise", token: 4, exception: "Unprintable" }],
    });
    const [pid] = await pids(pool);
    await expect(pool.submit(rawRequest([4]))).rejects.toMatchObject({ code: "INTERNAL" });
    await pool.submit(rawRequest([5]));
    expect(await pids(pool)).toEqual([pid]);
  });

  test("a batch that does not fit is split, and a request that does not fit alone says so", async () => {
    const pool = await startPool({
      tokens: 1,
      service_ms: 30,
      faults: [
        { do: "oom", batch_above: 3 },
        { do: "oom", token: 99 },
      ],
    });
    const fits = await Promise.all(
      Array.from({ length: 8 }, (_, index) => pool.submit(rawRequest([index + 1]))),
    );
    expect(fits).toHaveLength(8);
    await expect(pool.submit(rawRequest([99]))).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  });

  test("a flood of log lines does not block the worker", async () => {
    const pool = await startPool({
      tokens: 1,
      faults: [{ do: "flood_stderr", token: 2, bytes: 20_000_000 }],
    });
    const [pid] = await pids(pool);
    const { attempts, sequences } = await pool.submit(rawRequest([2]));
    expect(attempts).toBe(1);
    expect(Number(sequences.data[1])).toBe(2);
    expect(await pids(pool)).toEqual([pid]);
  });
});

describe("starting and ending", () => {
  test("a load that fails for good rejects the start with its reason", async () => {
    const failing = startPool({
      load_error: { code: "MODEL_LOAD_FAILED", message: "No such weights.", exit_status: 65 },
    });
    await expect(failing).rejects.toMatchObject({
      code: "MODEL_LOAD_FAILED",
      message: expect.stringContaining("No such weights"),
    });
  });

  test("a crash loop is given up, and says when it is tried again", async () => {
    const failing = startPool(
      { faults: [{ do: "exit", at: "load", status: 70 }] },
      { restart: { minDelayMs: 10 } },
    );
    await expect(failing).rejects.toMatchObject({ code: "CRASH_LOOP", retryable: true });
  });

  test("closing twice, and closing with work in hand, settles everything", async () => {
    const pool = await startPool({ tokens: 100, token_ms: 20 });
    const request = pool.submit(rawRequest([1], { options: { max_new_tokens: 100 } }));
    await Promise.all([pool.close(), pool.close()]);
    await expect(request).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await expect(pool.submit(rawRequest([1]))).rejects.toMatchObject({ code: "POOL_CLOSED" });
  });

  test("draining finishes the work in hand and takes no more", async () => {
    const pool = await startPool({ tokens: 5, token_ms: 20 });
    const request = pool.submit(rawRequest([1]));
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 1, "running");
    const drained = pool.drain();
    await expect(pool.submit(rawRequest([2]))).rejects.toMatchObject({ code: "DRAINING" });
    await drained;
    expect((await request).finishReasons).toHaveLength(1);
  });

  test("several models are served side by side, each by its own workers", async () => {
    const pool = await WorkerPool.start({
      models: [
        { source: scripted({ tokens: 1 }), modelId: "one" },
        { source: scripted({ tokens: 2 }), modelId: "two" },
      ],
      logLevel: "off",
    });
    pools.push(pool);
    const one = await pool.submit(rawRequest([5], { modelId: "one" }));
    const two = await pool.submit(rawRequest([5], { modelId: "two" }));
    expect(two.sequences.size).toBe(one.sequences.size + 1);
    await expect(pool.submit(rawRequest([5]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "modelId",
    });
    await expect(pool.submit(rawRequest([5], { modelId: "three" }))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("one, two"),
    });
    await pool.unload("two");
    await expect(pool.submit(rawRequest([5], { modelId: "two" }))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
  });
});
