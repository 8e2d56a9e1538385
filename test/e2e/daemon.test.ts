import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type PoolClient, servePool, WorkerPool } from "../../ts-client/src/index.ts";
import { children, endProcesses, isRunning, NodeProcess, until } from "../support/processes.ts";
import { rawRequest, scripted } from "../support/requests.ts";

let base = "";
const clients: PoolClient[] = [];
const endings: (() => Promise<void>)[] = [];

beforeAll(() => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const end of endings.splice(0)) await end();
  await endProcesses();
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

/** A daemon in a process of its own, as the library makes one. */
async function serve(name: string, script: object): Promise<NodeProcess> {
  const daemon = NodeProcess.run(`
    const pool = await WorkerPool.start({ model: { source: ${JSON.stringify(scripted(script))}, modelId: "m" }, logLevel: "off" });
    const served = await servePool(pool, { name: ${JSON.stringify(name)}, logLevel: "off" });
    say({ endpoint: served.endpoint, workers: (await pool.stats()).workers.map(({ pid }) => pid) });`);
  await daemon.saying(/endpoint/);
  return daemon;
}

/** A daemon in this process. */
async function serveHere(name: string, script: object, options: object = {}): Promise<PoolClient> {
  const model = { source: scripted(script), modelId: "m" };
  const pool = await WorkerPool.start({ model, logLevel: "off", ...options });
  const served = await servePool(pool, { name, logLevel: "off" });
  endings.push(async () => {
    await served.close();
    await pool.close();
  });
  return connect(name);
}

const facts = (daemon: NodeProcess) => daemon.said[0] as { endpoint: string; workers: number[] };

async function connect(name: string): Promise<PoolClient> {
  const client = await WorkerPool.connect({ name });
  clients.push(client);
  return client;
}

const inFlight = async (client: PoolClient) => (await client.stats()).workers[0]?.inFlight ?? -1;

describe("a daemon and its clients", () => {
  test("a client that dies in its stream has its requests cancelled, and the others go on", async () => {
    await serve("dies", { tokens: 4000, token_ms: 10 });
    const client = await connect("dies");
    const mine = client.submit(rawRequest([3], { stream: true, options: { max_new_tokens: 4000 } }));
    const read: number[] = [];
    void (async () => {
      for await (const { tokens } of mine) read.push(...tokens);
    })().catch(() => {});
    const other = NodeProcess.run(`
      const client = await WorkerPool.connect({ name: "dies" });
      const tensor = new all.Tensor("uint8", [1, 1, 3], new Uint8Array(3));
      const { contentHash } = await import("${new URL("../../ts-client/src/protocol/index.ts", import.meta.url).href}");
      const ids = Int32Array.of(1);
      const stream = client.submit({ op: "generate", options: { max_new_tokens: 4000 }, stream: true,
        prepare: async () => ({ image: { hash: contentHash(tensor), tensor }, inputIds: ids, qformerInputIds: ids }) });
      for await (const chunk of stream) say(chunk.tokens);`);
    await other.saying(/\n.*\n/);
    expect(await inFlight(client)).toBe(2);
    expect((await client.stats()).clients).toBe(2);
    process.kill(other.pid, "SIGKILL");
    await until(async () => (await inFlight(client)) === 1, "its request is cancelled");
    const before = read.length;
    await until(() => read.length > before, "the other stream goes on");
    expect((await client.stats()).clients).toBe(1);
    mine.cancel();
    await expect(mine).rejects.toMatchObject({ code: "CANCELLED" });
    await until(async () => (await inFlight(client)) === 0, "the worker is free");
  });

  test("kill -9 of the daemon fails its clients' requests soon, and another can have the name", async () => {
    const daemon = await serve("killed", { tokens: 4000, token_ms: 10 });
    const { endpoint, workers } = facts(daemon);
    const client = await connect("killed");
    const requests = Array.from({ length: 3 }, () =>
      client.submit(rawRequest([3], { options: { max_new_tokens: 4000 } })),
    );
    await until(async () => (await inFlight(client)) === 3, "they run");
    const question = client.drain({ graceMs: 600_000 });
    const failed = Promise.allSettled([...requests, question]);
    process.kill(daemon.pid, "SIGKILL");
    for (const each of await failed) {
      expect(each).toMatchObject({ reason: { code: "POOL_UNAVAILABLE", retryable: true } });
    }
    await until(() => !workers.some((pid) => isRunning(pid)), "no worker is left");
    await expect(connect("killed")).rejects.toMatchObject({ code: "POOL_UNAVAILABLE" });
    expect(existsSync(endpoint.slice("ipc://".length))).toBe(true);
    await serve("killed", { tokens: 2 });
    const { sequences } = await client.submit(rawRequest([3]));
    expect(Array.from(sequences.data, Number)).toEqual([0, 3, 3, 1]);
  });

  test("a name, and an endpoint, belong to one daemon at a time; the second one harms nothing", async () => {
    await serve("taken", { tokens: 2 });
    const second = NodeProcess.run(`
      const pool = await WorkerPool.start({ model: ${JSON.stringify(scripted({}))}, logLevel: "off" });
      const tries = [{ name: "taken" }, { name: "third", endpoint: (await (await import("${new URL("../../ts-client/src/front/index.ts", import.meta.url).href}")).readRuntimeFile("taken")).endpoint }];
      for (const options of tries) await servePool(pool, options).catch(({ code }) => say(code));
      await pool.close();`);
    expect(await second.end()).toBe(0);
    expect(second.said).toEqual(["ADDRESS_IN_USE", "ADDRESS_IN_USE"]);
    const client = await connect("taken");
    await client.submit(rawRequest([3]));
    const left = readdirSync(path.join(base, "instructblip-workers", "daemons"));
    expect(left).not.toContain("third.json");
  });

  test("overload is told with when to come back, and everything is settled", async () => {
    const client = await serveHere("full", { tokens: 1, service_ms: 200 }, { slots: 1, maxQueue: 4 });
    const settled = await Promise.allSettled(
      Array.from({ length: 40 }, (_, id) => client.submit(rawRequest([id + 1]))),
    );
    const refused = settled.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(40);
    for (const error of refused) expect(error).toMatchObject({ code: "OVERLOADED", retryable: true });
    for (const error of refused) expect(error.retryAfterMs).toBeGreaterThan(0);
  });

  test("a reader that is slow gets its stream whole, and one that reads all gets its own meanwhile", async () => {
    const [slow, quick] = [await serveHere("slow", { tokens: 600 }), await connect("slow")];
    const request = (id: number) => rawRequest([id], { stream: true, options: { max_new_tokens: 700 } });
    const streams = [slow.submit(request(5)), quick.submit(request(6))] as const;
    const tokens: number[] = [];
    const reading = (async () => {
      for await (const chunk of streams[0]) {
        tokens.push(...chunk.tokens);
        await wait(1);
      }
    })();
    const other: number[] = [];
    for await (const chunk of streams[1]) other.push(...chunk.tokens);
    await reading;
    expect(tokens).toEqual([...Array(600).fill(5), 1]);
    expect(other).toEqual([...Array(600).fill(6), 1]);
  });

  test("models are loaded and unloaded through a client", async () => {
    const client = await serveHere("models", { tokens: 1 });
    await client.load({ source: scripted({ tokens: 3 }), modelId: "n" });
    expect((await client.models()).map(({ modelId }) => modelId)).toEqual(["m", "n"]);
    await expect(client.submit(rawRequest([5]))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const { sequences } = await client.submit(rawRequest([5], { modelId: "n" }));
    expect(sequences.size).toBe(5);
    await client.unload("n");
    await expect(client.submit(rawRequest([5], { modelId: "n" }))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
    await expect(client.load({ source: "nonsense" })).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await client.submit(rawRequest([5]));
  });
});

test("nothing of all this is left among this process's children", () => {
  expect(children().filter((pid) => isRunning(pid))).toEqual([]);
});
