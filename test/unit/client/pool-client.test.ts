import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Router } from "zeromq";
import { PoolClient } from "../../../ts-client/src/client/index.ts";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { FrontServer } from "../../../ts-client/src/front/front-server.ts";
import { decodeMessage, encodeMessage } from "../../../ts-client/src/protocol/index.ts";
import { until } from "../../support/processes.ts";
import { flatPicture, rawRequest } from "../../support/requests.ts";
import { answerOf, StubEngine } from "../front/stub-engine.ts";

const KEY = "d".repeat(64);
let folder = "";
let endpoint = "";
let engine: StubEngine;
let server: FrontServer;
const clients: PoolClient[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);

async function serve(): Promise<void> {
  const silent = () => {};
  server = await FrontServer.open(engine, {
    endpoint,
    key: KEY,
    poolEpoch: "0".repeat(16),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    onStop: silent,
  });
}

beforeEach(async () => {
  process.on("unhandledRejection", onUnhandled);
  folder = mkdtempSync(path.join(tmpdir(), "client-"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  endpoint = `ipc://${folder}/front`;
  engine = new StubEngine();
  await serve();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await server.close("The test is over.");
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
  process.off("unhandledRejection", onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

async function connect(): Promise<PoolClient> {
  const client = await PoolClient.connect({ endpoint, key: KEY, timeoutMs: 2000 });
  clients.push(client);
  return client;
}

/** What a daemon sends before it goes. */
type LastWord = readonly ["DISCONNECT" | "GOODBYE", object] | "nonsense" | undefined;

/** A daemon that lets clients in, answers nothing, and ends as it is told to. */
async function rawDaemon() {
  const router = new Router({ linger: 100 });
  const daemonEndpoint = `ipc://${folder}/raw`;
  await router.bind(daemonEndpoint);
  const received: string[] = [];
  let client: Buffer = Buffer.alloc(0);
  void (async () => {
    for await (const [peer, ...frames] of router) {
      const message = decodeMessage(frames);
      received.push(message?.kind ?? "");
      if (message?.kind !== "HELLO" || peer === undefined) continue;
      client = Buffer.from(peer);
      const versions = { minor: 0, features: [], pool_epoch: "0".repeat(16), worker_epoch: 0 };
      const welcome = { ...versions, beat_ms: 2000, dead_after: 5 } as never;
      await router.send([client, ...(encodeMessage("WELCOME", welcome) as Buffer[])]);
    }
  })();
  const end = async (word: LastWord) => {
    if (word === "nonsense") await router.send([client, "no", "sense"]);
    else if (word !== undefined) {
      await router.send([client, ...(encodeMessage(word[0], word[1] as never) as Buffer[])]);
    }
    router.close();
  };
  return { endpoint: daemonEndpoint, received, end };
}

const heldBy = async (count: number) => until(() => engine.held.length >= count, `${count} requests`);

describe("connecting", () => {
  test.each([
    [{ name: "nobody" }, "POOL_UNAVAILABLE"],
    [{ name: "a b" }, "INVALID_ARGUMENT"],
    [{ endpoint: "ipc:///no/such/front" }, "POOL_UNAVAILABLE"],
    [{ endpoint: "nonsense", key: KEY }, "INVALID_ARGUMENT"],
    [{ key: KEY }, "INVALID_ARGUMENT"],
    [{ endpoint: "ipc:///x", key: "short" }, "INVALID_ARGUMENT"],
    [{ endpoint: "ipc:///no/such/front", key: KEY, timeoutMs: 50 }, "POOL_UNAVAILABLE"],
  ])("with %j is refused with %s", async (options, code) => {
    await expect(PoolClient.connect(options)).rejects.toMatchObject({ code });
  });

  test("with a wrong key is refused by the daemon, and the key is not in the message", async () => {
    const key = "e".repeat(64);
    const error = await PoolClient.connect({ endpoint, key }).catch((reason) => reason);
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    expect(error.message).not.toContain(key);
  });
});

describe("a request through a daemon", () => {
  test("comes back with its answer, its tries and the time of every stage", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m" }));
    await heldBy(1);
    engine.held[0]?.submission.resolve(answerOf(submission.requestId, [0, 5, 1]));
    const result = await submission;
    expect(Array.from(result.sequences.data, Number)).toEqual([0, 5, 1]);
    expect(result).toMatchObject({ attempts: 2, workerId: "worker-0.2", imageCached: true });
    expect(result.failedAttempts).toMatchObject([{ code: "WORKER_LOST", workerId: "worker-0.1" }]);
    expect(Object.keys(result.timings)).toEqual(
      expect.arrayContaining(["prepare", "queue", "wire", "decode", "total"]),
    );
  });

  test("that names no model means the daemon's only one, and is refused where there are several", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5]));
    await heldBy(1);
    expect(engine.held[0]?.request.modelId).toBe("m");
    submission.cancel();
    engine.models_ = [{ modelId: "m" }, { modelId: "n" }];
    await expect(client.submit(rawRequest([5]))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("m, n"),
    });
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("fails as it failed there", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m" }));
    await heldBy(1);
    const attempts = [{ attempt: 1, workerId: "w", code: "WORKER_LOST" as const, message: "It died." }];
    const details = { attempts, retryAfterMs: 70, path: "options" };
    engine.held[0]?.submission.reject(new InstructBlipError("OVERLOADED", "Full.", details));
    await expect(submission).rejects.toMatchObject({ code: "OVERLOADED", retryable: true, ...details });
  });

  test("sends its picture once for all requests, and again when the daemon has lost it", async () => {
    const client = await connect();
    const first = client.submit(rawRequest([1], { modelId: "m", picture: 3 }));
    await heldBy(1);
    const other = client.submit(rawRequest([2], { modelId: "m", picture: 3 }));
    await until(
      () => engine.held.length === 2 && engine.held.every(({ inputs }) => inputs !== undefined),
      "both",
    );
    await server.close("A new daemon comes.");
    for (const each of [first, other]) await expect(each).rejects.toMatchObject({ code: "POOL_UNAVAILABLE" });
    // The new daemon has no pictures; a client that connects anew must not believe it has.
    await serve();
    void client.submit(rawRequest([3], { modelId: "m", picture: 3 }));
    await until(() => engine.held[2]?.inputs !== undefined, "the picture is there again");
    expect(engine.held[2]?.inputs?.image.hash).toBe(flatPicture(3).hash);
  });

  test.each([
    [{ deadlineMs: Number.NaN }, "deadlineMs"],
    [{ deadlineMs: -1 }, "deadlineMs"],
    [{ priority: 1000 }, "priority"],
    [{ requestId: "mine" }, "requestId"],
    [{ signal: {} }, "signal"],
  ])("with the option %j is refused, and harms no other", async (call, field) => {
    const client = await connect();
    const good = client.submit(rawRequest([5], { modelId: "m" }));
    await expect(client.submit(rawRequest([5]), call as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: field,
    });
    await heldBy(1);
    engine.held[0]?.submission.resolve(answerOf(good.requestId, [0]));
    await good;
  });

  test("whose preparation makes or throws nonsense is refused, and harms no other", async () => {
    const client = await connect();
    const good = client.submit(rawRequest([5], { modelId: "m" }));
    const cause = new TypeError("no");
    const preparations = [
      () => {
        throw cause;
      },
      async () => ({}),
      async () => ({ image: { hash: "x", tensor: flatPicture().tensor }, inputIds: [], qformerInputIds: [] }),
    ];
    for (const prepare of preparations) {
      const bad = client.submit(rawRequest([5], { modelId: "m", prepare: prepare as never }));
      await expect(bad).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    await heldBy(1);
    engine.held[0]?.submission.resolve(answerOf(good.requestId, [0]));
    await good;
  });

  test("with a deadline of years does not time out at once", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m" }), { deadlineMs: 2 ** 40 });
    await heldBy(1);
    await wait(20);
    engine.held[0]?.submission.resolve(answerOf(submission.requestId, [0]));
    expect((await submission).requestId).toBe(submission.requestId);
  });

  test("under an id that is under way is refused", async () => {
    const client = await connect();
    const first = client.submit(rawRequest([5], { modelId: "m" }));
    const again = client.submit(rawRequest([5], { modelId: "m" }), { requestId: first.requestId });
    await expect(again).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path: "requestId" });
    first.cancel();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("giving a request up", () => {
  test("by its signal tells the daemon, and the caller's reason is the cause", async () => {
    const client = await connect();
    const controller = new AbortController();
    const submission = client.submit(rawRequest([5], { modelId: "m" }), { signal: controller.signal });
    await heldBy(1);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED", cause: reason });
    await until(() => engine.held[0]?.cancelled !== undefined, "the daemon's cancellation");
  });

  test("while it is prepared ends the preparation, and the daemon never hears of it", async () => {
    const client = await connect();
    let aborted: unknown;
    const prepare = (signal: AbortSignal) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
      });
      return wait(50).then(() => rawRequest([5]).prepare(signal));
    };
    const submission = client.submit(rawRequest([5], { prepare }));
    await wait(10);
    submission.cancel();
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED" });
    await wait(80);
    expect(aborted).toMatchObject({ code: "CANCELLED" });
    await client.stats();
    expect(engine.held).toEqual([]);
  });

  test("by leaving its stream cancels it", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m", stream: true }));
    await heldBy(1);
    engine.held[0]?.submission.deliver([1]);
    for await (const { tokens } of submission) {
      expect(tokens).toEqual([1]);
      break;
    }
    await until(() => engine.held[0]?.cancelled !== undefined, "the daemon's cancellation");
    await expect(submission).rejects.toMatchObject({ code: "CANCELLED", tokens: [1] });
  });
});

describe("a stream through a daemon", () => {
  test("comes whole and in order at its reader's pace, and the engine is held back meanwhile", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m", stream: true }));
    await heldBy(1);
    for (let index = 0; index < 300; index += 1) engine.held[0]?.submission.deliver([index]);
    await client.stats();
    expect(engine.held[0]?.credited).toBeLessThan(100);
    engine.held[0]?.submission.resolve(answerOf(submission.requestId, [0]));
    const tokens: number[] = [];
    for await (const chunk of submission) {
      tokens.push(...chunk.tokens);
      if (tokens.length % 50 === 0) await wait(2);
    }
    expect(tokens).toEqual(Array.from({ length: 300 }, (_, index) => index));
    await submission;
  });
});

describe("when the daemon goes", () => {
  test("with a goodbye, what is under way can be tried elsewhere, and a later daemon serves the same client", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m", stream: true }));
    await heldBy(1);
    engine.held[0]?.submission.deliver([1, 2]);
    const read: number[] = [];
    const reading = expect(
      (async () => {
        for await (const { tokens } of submission) read.push(...tokens);
      })(),
    ).rejects.toMatchObject({ code: "POOL_UNAVAILABLE", retryable: true });
    await until(() => read.length === 2, "the chunk");
    await server.close("The daemon ends.");
    await reading;
    await expect(submission).rejects.toMatchObject({ tokens: [1, 2] });
    await expect(client.stats()).rejects.toMatchObject({ code: "POOL_UNAVAILABLE" });
    await serve();
    expect(await client.models()).toEqual([{ modelId: "m" }]);
  });

  test("answers that were on their way are not lost", async () => {
    const client = await connect();
    const submissions = Array.from({ length: 200 }, () => client.submit(rawRequest([5], { modelId: "m" })));
    await heldBy(200);
    for (const { submission, call } of engine.held)
      submission.resolve(answerOf(call.requestId ?? "", [0, 7]));
    await server.settled(5000);
    await server.close("The daemon ends.");
    expect(await Promise.all(submissions)).toHaveLength(200);
  });

  test.each<[string, LastWord]>([
    ["vanishes without a word", undefined],
    [
      "does not know this client any more",
      ["DISCONNECT", { code: "UNAUTHENTICATED", reason: "Say HELLO first." }],
    ],
    ["speaks nonsense", "nonsense"],
    ["leaves", ["GOODBYE", { reason: "The daemon ends.", code: "POOL_CLOSED" }]],
  ])("what is under way fails soon, and may be tried again: it %s", async (_, lastWord) => {
    const daemon = await rawDaemon();
    const client = await PoolClient.connect({ endpoint: daemon.endpoint, key: KEY });
    clients.push(client);
    const submission = client.submit(rawRequest([5], { modelId: "m" }));
    const asked = expect(client.stats()).rejects.toMatchObject({ retryable: true });
    await until(() => daemon.received.includes("SUBMIT"), "the request");
    await daemon.end(lastWord);
    await expect(submission).rejects.toMatchObject({
      code: expect.stringMatching(/^(POOL_UNAVAILABLE|PROTOCOL)$/),
      retryable: true,
    });
    await asked;
  });
});

describe("closing a client", () => {
  test("settles everything, twice is once, and nothing is taken after", async () => {
    const client = await connect();
    const submission = client.submit(rawRequest([5], { modelId: "m" }));
    const early = client.submit(rawRequest([5]));
    await heldBy(1);
    await Promise.all([client.close(), client.close()]);
    for (const each of [submission, early, client.submit(rawRequest([5]))]) {
      await expect(each).rejects.toMatchObject({ code: "POOL_CLOSED" });
    }
    await expect(client.stats()).rejects.toMatchObject({ code: "POOL_CLOSED" });
    await until(() => server.clients === 0, "the daemon knows");
    expect(engine.held[0]?.cancelled).toBeDefined();
  });

  test("what is too large for a message is an error of its own", async () => {
    const client = await connect();
    const source = `scripted:${"x".repeat(40_000)}`;
    await expect(client.load({ source })).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(() => client.on("closed", () => {})).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    expect((await client.assets()).files["tokenizer.json"]).toEqual(Uint8Array.of(1, 2, 3));
  });
});
