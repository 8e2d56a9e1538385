import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { GenerateResult, PreparedInputs, Request } from "../../../../ts-client/src/engine/index.ts";
import { InstructBlipForConditionalGeneration } from "../../../../ts-client/src/model/index.ts";
import { InstructBlipProcessor } from "../../../../ts-client/src/processor/index.ts";
import {
  SimulatedPool,
  type SimulatedPoolOptions,
  type SimulatedTry,
} from "../../../../ts-client/src/simulation/index.ts";
import { Tensor } from "../../../../ts-client/src/tensor/index.ts";

const pools: SimulatedPool[] = [];

async function start(options: SimulatedPoolOptions = {}): Promise<SimulatedPool> {
  const pool = await SimulatedPool.start(options);
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const IMAGE = { data: new Uint8Array(8 * 8 * 3).fill(200), width: 8, height: 8, channels: 3 } as const;

/** A request whose inputs are there at once. */
function request(extra: Partial<Request<"generate">> = {}): Request<"generate"> {
  const inputs: PreparedInputs = {
    image: { hash: "0".repeat(64), tensor: new Tensor("uint8", [1, 1, 3], new Uint8Array(3)) },
    inputIds: Int32Array.of(20, 1),
    qformerInputIds: Int32Array.of(1, 2),
  };
  return { op: "generate", options: { max_new_tokens: 16 }, prepare: async () => inputs, ...extra };
}

async function isFree(pool: SimulatedPool): Promise<boolean> {
  const { workers } = await pool.stats();
  return workers.every(({ state, inFlight }) => state === "ready" && inFlight === 0);
}

function codes(settled: readonly PromiseSettledResult<GenerateResult>[]): string[] {
  return settled.map((each) => (each.status === "fulfilled" ? "ok" : each.reason.code));
}

describe("a simulated pool", () => {
  it("answers with the text of its script, prepared and read by the real processor", async () => {
    const seen: SimulatedTry[] = [];
    const pool = await start({
      script: (attempt) => {
        seen.push(attempt);
        return "a red circle";
      },
    });
    const answer = await pool.ask({ image: IMAGE, prompt: "What is it?" });
    expect(answer).toMatchObject({
      text: "a red circle",
      attempts: 1,
      finishReason: "eos",
      workerId: "worker-0.1",
      timings: { decode: 20, total: 20 },
    });
    expect(seen).toMatchObject([{ prompt: "What is it?", attempt: 1, worker: "worker-0", batchSize: 1 }]);
    expect(seen[0]?.imageHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("lets hours pass in no time", async () => {
    const pool = await start({ script: () => ({ text: "yes", latencyMs: 3_600_000 }) });
    await pool.submit(request(), { deadlineMs: 4_000_000 });
    expect(pool.now).toBe(3_600_000);
  });

  it("streams the answer token by token", async () => {
    const pool = await start({ script: () => ({ text: "Two blue circles", latencyMs: 100 }) });
    const stream = pool.stream({ image: IMAGE, prompt: "What is it?" });
    const pieces: string[] = [];
    for await (const { text } of stream) pieces.push(text);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("")).toBe("Two blue circles");
    expect((await stream.result).text).toBe("Two blue circles");
  });

  it("cuts answers at the length that was asked for", async () => {
    const pool = await start({ script: () => "Two blue circles" });
    const answer = await pool.ask({ image: IMAGE, prompt: "What is it?", maxNewTokens: 2 });
    expect(answer.finishReason).toBe("length");
    expect(answer.tokens).toHaveLength(2);
  });

  it("gives several answers where they were asked for", async () => {
    const pool = await start();
    const options = { max_new_tokens: 8, num_return_sequences: 3, num_beams: 3 };
    const { sequences, finishReasons } = await pool.submit(request({ options }));
    expect(sequences.shape[0]).toBe(3);
    expect(finishReasons).toEqual(["eos", "eos", "eos"]);
  });

  it("does the same again for the same seed", async () => {
    const run = async () => {
      const pool = await start({
        seed: 5,
        workers: 2,
        script: ({ random }) =>
          random() < 0.3 ? { failure: "OUTPUT_INVALID" } : { latencyMs: random() * 100 },
      });
      const settled = await Promise.allSettled(Array.from({ length: 30 }, () => pool.submit(request())));
      return { codes: codes(settled), now: pool.now };
    };
    expect(await run()).toEqual(await run());
  });
});

describe("what stands on a pool", () => {
  it("works on a simulated one: the model's class and its processor", async () => {
    const pool = await start({ script: ({ prompt }) => (prompt.includes("color") ? "red" : "a circle") });
    const processor = await InstructBlipProcessor.fromPretrained({ pool });
    const model = await InstructBlipForConditionalGeneration.fromPretrained("tiny-shapes-t5", { pool });
    const text = ["What color is it?", "What is it?"];
    const inputs = await processor({ images: [IMAGE, IMAGE], text, padding: true });
    const outputs = await model.generate({ ...inputs, maxNewTokens: 8 });
    expect(processor.batchDecode(outputs, { skipSpecialTokens: true })).toEqual(["red", "a circle"]);
  });
});

describe("whatever workers do", () => {
  const replies = fc.array(
    fc.record(
      {
        text: fc.constantFrom("yes", "a red circle"),
        latencyMs: fc.integer({ min: 0, max: 5000 }),
        failure: fc.constantFrom("crash", "hang", "CUDA_OOM", "CUDA_FATAL", "OUTPUT_INVALID", "DRAINING"),
        tokensBefore: fc.integer({ min: 0, max: 2 }),
      } as const,
      { requiredKeys: [] },
    ),
    { minLength: 1, maxLength: 8 },
  );

  it("every request ends once, in time, and the pool is as free as before", {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(replies, fc.integer({ min: 1, max: 3 }), async (script, workers) => {
        let tries = 0;
        const pool = await start({
          workers,
          slots: 2,
          script: () => script[tries++ % script.length] ?? "yes",
        });
        const submissions = Array.from({ length: 12 }, (_, index) =>
          pool.submit(request({ stream: index % 2 === 0 }), { deadlineMs: 30_000 }),
        );
        const settled = await Promise.allSettled(submissions);
        expect(pool.now).toBeLessThanOrEqual(30_000);
        expect(settled).toHaveLength(12);
        const { queue, counts } = await pool.stats();
        expect(queue).toMatchObject({ requests: 0, bytes: 0 });
        expect(counts.completed + counts.failed + counts.cancelled).toBe(12);
        // Workers that hang are killed and replaced; what they were told to stop is given up with them.
        for (let turns = 0; turns < 1000 && !(await isFree(pool)); turns += 1) await setImmediate();
        expect(await isFree(pool)).toBe(true);
        await pool.close();
      }),
      { numRuns: 25 },
    );
  });
});

describe("failures of a script", () => {
  it("tries again elsewhere when a worker crashes, and starts another in its place", async () => {
    const pool = await start({
      workers: 2,
      script: ({ attempt }) => (attempt === 1 ? { failure: "crash" } : "yes"),
    });
    const lost: string[] = [];
    pool.on("workerLost", ({ workerId }) => lost.push(workerId));
    const result = await pool.submit(request());
    expect(result).toMatchObject({ attempts: 2, workerId: "worker-1.1" });
    expect(result.failedAttempts).toMatchObject([{ workerId: "worker-0.1", code: "WORKER_LOST" }]);
    expect(lost).toEqual(["worker-0.1"]);
    await pool.submit(request());
    await pool.submit(request());
    expect((await pool.stats()).counts).toMatchObject({ completed: 1 + 2, retried: 1 + 2 });
  });

  it("quarantines a request that kills every worker", async () => {
    const pool = await start({ script: () => ({ failure: "crash" }) });
    await expect(pool.submit(request(), { maxRetries: 9 })).rejects.toMatchObject({
      code: "POISON_QUARANTINED",
      attempts: [{ attempt: 1 }, { attempt: 2 }],
    });
  });

  it("kills a worker that hangs", async () => {
    const pool = await start({
      hangMs: 3000,
      script: ({ attempt }) => (attempt === 1 ? { failure: "hang" } : "yes"),
    });
    const { failedAttempts } = await pool.submit(request());
    expect(failedAttempts).toMatchObject([{ code: "WORKER_HUNG" }]);
    expect(pool.now).toBeGreaterThan(3000);
  });

  it("runs requests one by one after the device ran out of memory", async () => {
    const pool = await start({
      slots: 4,
      script: ({ rows }) => (rows > 1 ? { failure: "CUDA_OOM" } : "yes"),
    });
    const settled = await Promise.allSettled([1, 2, 3, 4].map(() => pool.submit(request())));
    expect(codes(settled)).toEqual(["ok", "ok", "ok", "ok"]);
  });

  it("fails a stream that had begun with the tokens so far", async () => {
    const pool = await start({
      script: () => ({ text: "Two blue circles", failure: "crash", tokensBefore: 2 }),
    });
    const submission = pool.submit(request({ stream: true }));
    const tokens: number[] = [];
    const read = async () => {
      for await (const chunk of submission) tokens.push(...chunk.tokens);
    };
    await expect(read()).rejects.toMatchObject({ code: "WORKER_LOST", tokens });
    expect(tokens).toHaveLength(2);
  });

  it("ends the request when the script throws or returns nonsense", async () => {
    const pool = await start({
      script: ({ attempt }) => {
        throw new Error(`no answer for try ${attempt}`);
      },
    });
    await expect(pool.submit(request())).rejects.toMatchObject({
      code: "INTERNAL",
      message: "no answer for try 1",
    });
    const other = await start({ script: () => ({ latencyMs: -1 }) });
    await expect(other.submit(request())).rejects.toThrow("latencyMs");
  });
});

describe("the rules of a pool", () => {
  it("end requests at their deadline", async () => {
    const pool = await start({ script: () => ({ latencyMs: 10_000 }) });
    const failure = await pool.submit(request(), { deadlineMs: 500 }).then(undefined, (error) => error);
    expect(failure.code).toBe("DEADLINE_EXCEEDED");
    expect(pool.now).toBe(500);
  });

  it("refuse what is too much, and tell so", async () => {
    const pool = await start({ maxQueue: 3, slots: 1 });
    const told: number[] = [];
    pool.on("overloaded", ({ queued }) => told.push(queued));
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => pool.submit(request())));
    expect(codes(settled)).toEqual(["ok", "ok", "ok", "OVERLOADED", "OVERLOADED"]);
    expect(told).toEqual([3, 3]);
  });

  it("end requests whose caller gives up, with the caller's reason", async () => {
    const pool = await start({ clock: "manual" });
    const controller = new AbortController();
    const submission = pool.submit(request(), { signal: controller.signal });
    await pool.advance(5);
    controller.abort("enough");
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
  });

  it("fail with what the preparation failed with", async () => {
    const pool = await start();
    const failing = request({
      prepare: async () => {
        throw new Error("no picture");
      },
    });
    await expect(pool.submit(failing)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("refuse an id that is under way, and requests for unknown models", async () => {
    const pool = await start({ clock: "manual" });
    const requestId = "01890000-0000-7000-8000-000000000000";
    pool.submit(request(), { requestId }).then(undefined, () => {});
    await expect(pool.submit(request(), { requestId })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(pool.submit(request({ modelId: "other" }))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
  });
});

describe("a manual clock", () => {
  it("stands still until it is told to go on", async () => {
    const pool = await start({ clock: "manual", script: () => ({ latencyMs: 100 }) });
    let done = false;
    pool.submit(request()).then(() => {
      done = true;
    });
    await pool.advance(99);
    expect([done, pool.now]).toEqual([false, 99]);
    await pool.advance(1);
    expect([done, pool.now]).toEqual([true, 100]);
  });

  it("waits for pictures that are being prepared", async () => {
    const pool = await start({ clock: "manual" });
    let text = "";
    pool.ask({ image: IMAGE, prompt: "What is it?" }).then((answer) => {
      text = answer.text;
    });
    await pool.advance(20);
    expect(text).toBe("yes");
  });

  it("is the only one that is advanced", async () => {
    const pool = await start();
    await expect(pool.advance(1)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

describe("a real clock", () => {
  it("takes the time it takes", async () => {
    const pool = await start({ clock: "real", script: () => ({ latencyMs: 30 }) });
    const { timings } = await pool.submit(request());
    expect(timings.total).toBeGreaterThanOrEqual(29);
  });
});

describe("the life of a simulated pool", () => {
  it("drains: serves what it has, refuses what comes", async () => {
    const pool = await start({ slots: 1 });
    const first = [pool.submit(request()), pool.submit(request())];
    const drained = pool.drain();
    await expect(pool.submit(request())).rejects.toMatchObject({ code: "DRAINING" });
    await drained;
    expect(codes(await Promise.allSettled(first))).toEqual(["ok", "ok"]);
  });

  it("closes: ends what is under way, refuses what comes", async () => {
    const pool = await start({ clock: "manual" });
    const submission = pool.submit(request());
    await pool.advance(1);
    await pool.close();
    await pool.close();
    await expect(submission).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await expect(pool.submit(request())).rejects.toMatchObject({ code: "POOL_CLOSED" });
  });

  it("kills a worker on demand", async () => {
    const pool = await start({ clock: "manual", workers: 2 });
    const submission = pool.submit(request());
    await pool.advance(1);
    pool.kill("worker-0");
    await pool.advance(100);
    expect(await submission).toMatchObject({ attempts: 2, workerId: "worker-1.1" });
    expect(() => pool.kill("worker-9")).toThrow("worker-0, worker-1");
    const { workers } = await pool.stats();
    expect(workers.map(({ state }) => state)).toEqual(["backoff", "ready"]);
    await pool.advance(500);
    expect((await pool.stats()).counts.restarts).toBe(1);
  });

  it("loads and unloads models", async () => {
    const pool = await start();
    const llama = await pool.load({ source: "tiny-shapes-llama" });
    expect(llama).toMatchObject({ modelId: "tiny-shapes-llama", languageModel: "llama" });
    expect((await pool.models()).map(({ modelId }) => modelId)).toEqual([
      "tiny-shapes-t5",
      "tiny-shapes-llama",
    ]);
    const answer = await pool.ask({ image: IMAGE, prompt: "What is it?", modelId: "tiny-shapes-llama" });
    expect(answer.text).toBe("yes");
    await pool.unload("tiny-shapes-t5");
    expect((await pool.ask({ image: IMAGE, prompt: "What is it?" })).text).toBe("yes");
  });

  it("refuses options that cannot be", async () => {
    await expect(start({ model: "nowhere-at-all" })).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(start({ model: "owner/name" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    for (const options of [{ seed: 0.5 }, { maxQueue: 0 }, { restartMs: -1 }, { clock: "slow" as "real" }]) {
      await expect(start(options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });
});
