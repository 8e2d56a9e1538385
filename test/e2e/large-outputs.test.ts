import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servePool, WorkerPool } from "../../ts-client/src/index.ts";
import type { AskingEngine } from "../../ts-client/src/model/asking-engine.ts";
import { rawRequest, scripted } from "../support/requests.ts";

/** More than a message may hold. */
const BYTES = 80 * 1024 * 1024;

describe("an answer that no message holds", () => {
  const closing: AsyncDisposable[] = [];
  let pool: WorkerPool;
  beforeAll(async () => {
    pool = await WorkerPool.start({ model: scripted({ reply_bytes: BYTES }), logLevel: "error" });
    closing.push(pool);
  });
  afterAll(async () => {
    for (const each of closing.reverse()) await each[Symbol.asyncDispose]();
  });

  async function expectWhole(engine: AskingEngine): Promise<void> {
    const { outputs, sequences } = await engine.submit(rawRequest([5, 6]));
    expect(Array.from(sequences.data, Number)).toEqual([0, 5, 6, 1]);
    expect(outputs.payload?.size).toBe(BYTES);
    expect(outputs.payload?.bytes().every((byte) => byte === 0)).toBe(true);
  }

  it("comes in parts from a worker", () => expectWhole(pool));

  it("comes in parts from a daemon", async () => {
    const name = `large-${process.pid}`;
    closing.push(await servePool(pool, { name }));
    const client = await WorkerPool.connect({ name });
    closing.push(client);
    await expectWhole(client);
  });

  it("is cut short by a cancellation, and the worker goes on", async () => {
    const large = pool.submit(rawRequest([5]));
    const others = Array.from({ length: 4 }, () => pool.submit(rawRequest([7])));
    large.cancel();
    await expect(large).rejects.toMatchObject({ code: "CANCELLED" });
    for (const other of others) expect((await other).outputs.payload?.size).toBe(BYTES);
  });
});
