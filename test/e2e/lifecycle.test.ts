import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WorkerPool, type WorkerPoolOptions } from "../../ts-client/src/index.ts";
import { children, endProcesses, isRunning, NodeProcess, processState, until } from "../support/processes.ts";
import { rawRequest, scripted } from "../support/requests.ts";

let base = "";
const pools: WorkerPool[] = [];

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
});

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  await endProcesses();
  expect(children()).toEqual([]);
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

async function startPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const pool = await WorkerPool.start({ logLevel: "off", ...options });
  pools.push(pool);
  return pool;
}

/** What is left of pools' sockets. */
const leftovers = () => {
  return readdirSync(path.join(base, "instructblip-workers")).filter((name) => name.startsWith("ibw-"));
};

const load = (script: object) => JSON.stringify(scripted(script));

describe("a pool whose process ends", () => {
  test("by kill -9 leaves no worker: none that loads, runs, holds the interpreter's lock or is stopped", async () => {
    const owner = NodeProcess.run(`
      const models = [
        { modelId: "loads", source: ${load({ load_ms: 600_000 })} },
        { modelId: "runs", source: ${load({ tokens: 4000, token_ms: 20 })} },
        { modelId: "holds", source: ${load({ faults: [{ do: "hold_gil", ms: 600_000 }] })} },
        { modelId: "stopped", source: ${load({ faults: [{ do: "stop" }] })} },
      ];
      const pool = await WorkerPool.start({ ready: "none", logLevel: "off", models, liveness: { deadAfter: 100 } });
      const tensor = new all.Tensor("uint8", [1, 1, 3], new Uint8Array(3));
      const inputs = { image: { hash: "a".repeat(64), tensor }, inputIds: Int32Array.of(1), qformerInputIds: Int32Array.of(1) };
      pool.on("workerReady", ({ modelId }) => {
        pool.submit({ op: "generate", modelId, options: { max_new_tokens: 4000 }, prepare: async () => inputs });
      });
      const timer = setInterval(async () => {
        const { workers } = await pool.stats();
        const settled = workers.every(({ modelId, state, inFlight }) => modelId === "loads" ? state === "loading" : inFlight === 1);
        if (!settled) return;
        clearInterval(timer);
        say(Object.fromEntries(workers.map(({ modelId, pid }) => [modelId, pid])));
      }, 100);`);
    await owner.saying(/stopped/);
    const [pids] = owner.said as [Record<string, number>];
    const workers = Object.values(pids);
    expect(workers).toHaveLength(4);
    await until(() => processState(pids.stopped ?? 0) === "T", "one is stopped");
    expect(workers.every((pid) => isRunning(pid))).toBe(true);
    process.kill(owner.pid, "SIGKILL");
    await until(() => !workers.some((pid) => isRunning(pid)), "no worker is left");
  });

  test("by process.exit() leaves no worker", async () => {
    const owner = NodeProcess.run(`
      const pool = await WorkerPool.start({ model: ${load({})}, logLevel: "off" });
      const { workers } = await pool.stats();
      say(workers.map(({ pid }) => pid));
      setTimeout(() => process.exit(7), 50);`);
    expect(await owner.end()).toBe(7);
    const [pids] = owner.said as [number[]];
    await until(() => !pids?.some((pid) => isRunning(pid)), "no worker is left");
  });

  test("ends by itself once the pool is closed: no timer, socket, file or process is left", async () => {
    const owner = NodeProcess.run(`
      const pool = await WorkerPool.start({ model: ${load({})}, workers: 2, logLevel: "off" });
      const served = await servePool(pool, { name: "x" });
      const client = await WorkerPool.connect({ name: "x" });
      await client.stats();
      await client.close();
      await served.close();
      await pool.close();
      say("closed");`);
    expect(await owner.end()).toBe(0);
    expect(owner.said).toEqual(["closed"]);
    expect(owner.stderr).toBe("");
    expect(leftovers()).toEqual([]);
    expect(readdirSync(path.join(base, "instructblip-workers", "daemons"))).toEqual([]);
  });
});

describe("a pool that stands still", () => {
  test("blames no worker for its own silence: a loop blocked for five seconds, a process stopped for twelve", async () => {
    const owner = NodeProcess.run(`
      const pool = await WorkerPool.start({ model: ${load({ tokens: 2 })}, workers: 2, ready: "all", logLevel: "off" });
      const facts = async () => (await pool.stats()).workers.map(({ pid, restarts, state }) => ({ pid, restarts, state }));
      say(await facts());
      const end = performance.now() + 5000;
      while (performance.now() < end);
      setTimeout(async () => say(await facts()), 4000);
      process.on("SIGUSR2", async () => say(await facts()));`);
    await owner.saying(/\n.*\n/);
    const [before, after] = owner.said;
    expect(after).toEqual(before);
    process.kill(owner.pid, "SIGSTOP");
    await wait(12_000);
    process.kill(owner.pid, "SIGCONT");
    await wait(5000);
    process.kill(owner.pid, "SIGUSR2");
    await owner.saying(/\n.*\n.*\n/);
    expect(owner.said[2]).toEqual(before);
  });
});

describe("closing a pool", () => {
  test("while workers start, load or come back settles everything, and nothing is spawned after", async () => {
    const pool = await startPool({
      ready: "none",
      models: [
        { modelId: "b", source: scripted({ faults: [{ do: "exit", at: "load" }] }) },
        { modelId: "a", source: scripted({ load_ms: 600_000 }), workers: 3 },
      ],
      restart: { minDelayMs: 1000, maxFailedStarts: 100 },
    });
    const waiting = [
      pool.untilReady(),
      pool.untilReady("all"),
      pool.assets("a"),
      pool.submit(rawRequest([1], { modelId: "a" })),
    ];
    const settled = Promise.allSettled(waiting);
    const states = async () => (await pool.stats()).workers.map(({ state }) => state);
    await until(async () => (await states()).includes("loading"), "a worker that loads");
    await pool.close();
    expect(children()).toEqual([]);
    for (const each of await settled) expect(each).toMatchObject({ reason: { code: "POOL_CLOSED" } });
    await expect(pool.load({ source: scripted({}) })).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await expect(pool.unload("a")).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await pool.drain();
    expect(children()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test("ends a drain that waits", async () => {
    const pool = await startPool({ model: scripted({ faults: [{ do: "lose" }] }) });
    const request = expect(pool.submit(rawRequest([1]))).rejects.toMatchObject({ code: "POOL_CLOSED" });
    const drained = pool.drain({ graceMs: 600_000 });
    await pool.close();
    await Promise.all([request, drained]);
  });
});

test("a pool whose socket files are removed still gets new workers", async () => {
  const pool = await startPool({ model: scripted({ tokens: 1 }) });
  for (const name of leftovers()) rmSync(path.join(base, "instructblip-workers", name), { recursive: true });
  await pool.submit(rawRequest([5]));
  const [{ pid = 0 } = {}] = (await pool.stats()).workers;
  process.kill(pid, "SIGKILL");
  await until(() => !isRunning(pid), "the worker is gone");
  const { sequences } = await pool.submit(rawRequest([6]));
  expect(Number(sequences.data[1])).toBe(6);
  await pool.close();
  expect(leftovers()).toEqual([]);
});

describe("models that come and go", () => {
  test("loading under a name that is just being unloaded does not end the new workers", async () => {
    const pool = await startPool({
      model: { source: scripted({ tokens: 1, service_ms: 500 }), modelId: "m" },
    });
    const running = pool.submit(rawRequest([1]));
    await until(async () => (await pool.stats()).workers[0]?.inFlight === 1, "it runs");
    const unloaded = pool.unload("m");
    await pool.load({ source: scripted({ tokens: 3 }), modelId: "m" });
    await running;
    await unloaded;
    const { sequences } = await pool.submit(rawRequest([7]));
    expect(Array.from(sequences.data, Number)).toEqual([0, 7, 7, 7, 1]);
    expect((await pool.stats()).workers).toHaveLength(1);
  });

  test("a load that fails leaves its name free, and every caller learns why", async () => {
    const pool = await startPool({ model: { source: scripted({}), modelId: "a" } });
    const bad = {
      source: scripted({ load_error: { code: "MODEL_LOAD_FAILED", exit_status: 65 } }),
      modelId: "b",
    };
    const loads = await Promise.allSettled([pool.load(bad), pool.load(bad)]);
    for (const each of loads) expect(each).toMatchObject({ reason: { code: "MODEL_LOAD_FAILED" } });
    const { modelId } = await pool.load({ source: scripted({ tokens: 2 }), modelId: "b" });
    expect(modelId).toBe("b");
    await expect(pool.load({ source: scripted({ tokens: 9 }), modelId: "b" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "modelId",
    });
  });

  test("waiting for all workers ends when one of them cannot come", async () => {
    const start = startPool({
      ready: "all",
      models: [
        { modelId: "good", source: scripted({}) },
        { modelId: "bad", source: scripted({ load_error: { code: "CONFIG_INVALID", exit_status: 78 } }) },
      ],
    });
    await expect(start).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("requests that are awkward", () => {
  test("options that crowd a batch's header are sent in parts, and each request is answered", async () => {
    const pool = await startPool({ model: scripted({ tokens: 1, service_ms: 20 }), slots: 64 });
    const ids = Array.from({ length: 400 }, (_, index) => index + 3);
    const options = { suppress_tokens: ids };
    const requests = Array.from({ length: 64 }, (_, index) =>
      pool.submit(rawRequest([index + 1], { options })),
    );
    for (const [index, { sequences }] of (await Promise.all(requests)).entries()) {
      expect(Number(sequences.data[1])).toBe(index + 1);
    }
    expect((await pool.stats()).counts).toMatchObject({ completed: 64, retried: 0, restarts: 0 });
  });

  test("an id that was used before is a new request's, whatever the old one's preparation still does", async () => {
    const pool = await startPool({ model: scripted({ tokens: 1 }) });
    const requestId = "0197a3b0-0000-7000-8000-000000000000";
    let prepared: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      prepared = resolve;
    });
    const prepare = (signal: AbortSignal) => slow.then(() => rawRequest([4]).prepare(signal));
    const first = pool.submit(rawRequest([4], { prepare }), { requestId });
    first.cancel();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    const later = new Promise<void>((resolve) => setTimeout(resolve, 200));
    const second = pool.submit(
      rawRequest([5], { prepare: (signal) => later.then(() => rawRequest([5]).prepare(signal)) }),
      { requestId, deadlineMs: 20_000 },
    );
    prepared();
    expect(Number((await second).sequences.data[1])).toBe(5);
  });

  test("one that no message holds fails alone", async () => {
    const pool = await startPool({ model: scripted({ tokens: 1, service_ms: 20 }), slots: 64 });
    const bias = Array.from({ length: 250 }, (_, index): [number[], number] => [Array(5).fill(index), 0.5]);
    const good = Array.from({ length: 5 }, (_, index) => pool.submit(rawRequest([index + 1])));
    const bad = pool.submit(
      rawRequest([9], {
        options: {
          sequence_bias: [...bias.slice(0, 256)],
          bad_words_ids: Array.from({ length: 250 }, () => Array(15).fill(1)),
        },
      }),
    );
    await expect(bad).rejects.toMatchObject({
      code: expect.stringMatching(/PAYLOAD_TOO_LARGE|INVALID_ARGUMENT/),
    });
    expect(await Promise.all(good)).toHaveLength(5);
  });

  test("a stream that nobody reads still ends with its result", async () => {
    const pool = await startPool({ model: scripted({ tokens: 300, token_ms: 1 }) });
    const request = pool.submit(rawRequest([5], { stream: true, options: { max_new_tokens: 400 } }), {
      deadlineMs: 15_000,
    });
    expect((await request).sequences.size).toBe(302);
  });

  test("the only worker is used again by a request that it failed before", async () => {
    const pool = await startPool({
      model: scripted({ tokens: 1, faults: [{ do: "oom", token: 4, batch_above: 1 }], service_ms: 50 }),
    });
    const requests = [4, 4, 4].map((id) => pool.submit(rawRequest([id])));
    for (const { attempts } of await Promise.all(requests)) expect(attempts).toBeGreaterThanOrEqual(1);
  });

  test("listeners and loggers that throw harm nobody", async () => {
    const broken = () => {
      throw new Error("mine");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const pool = await startPool({
      model: scripted({ tokens: 1, faults: [{ do: "exit", token: 9 }] }),
      logger,
      logLevel: "debug",
    });
    for (const event of ["workerReady", "workerLost", "requestRetried", "requestFailed", "closed"] as const)
      pool.on(event, broken);
    await expect(pool.submit(rawRequest([9]))).rejects.toMatchObject({ code: "POISON_QUARANTINED" });
    await pool.submit(rawRequest([5]));
    await pool.close();
  });
});
