import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Dealer } from "zeromq";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { FrontServer } from "../../../ts-client/src/front/front-server.ts";
import {
  decodeMessage,
  encodeMessage,
  type HeaderOf,
  type KindName,
  type Message,
  PartAssembly,
  uuidv7,
} from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { until } from "../../support/processes.ts";
import { flatPicture } from "../../support/requests.ts";
import { answerOf, StubEngine } from "./stub-engine.ts";

const KEY = "d".repeat(64);
let folder = "";
let engine: StubEngine;
let server: FrontServer;
let stops = 0;
const logged: string[] = [];
const clients: RawClient[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "front-"));
  engine = new StubEngine();
  stops = 0;
  logged.length = 0;
  const log = (line: string) => logged.push(line);
  server = await FrontServer.open(engine, {
    endpoint: `ipc://${folder}/front`,
    key: KEY,
    poolEpoch: "0".repeat(16),
    logger: { debug: log, info: log, warn: log, error: log },
    onStop: () => {
      stops += 1;
    },
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close("The test is over.");
  rmSync(folder, { recursive: true });
});

/** A client that sends what it is told to. */
class RawClient {
  readonly #socket = new Dealer({ linger: 0 });
  readonly received: Message[] = [];

  constructor() {
    this.#socket.connect(`ipc://${folder}/front`);
    clients.push(this);
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const frames of this.#socket) {
      const message = decodeMessage(frames);
      if (message !== undefined && message.kind !== "BEAT") this.received.push(message);
    }
  }

  raw(...frames: (string | Uint8Array)[]): Promise<void> {
    return this.#socket.send(frames as Buffer[]);
  }

  send<K extends KindName>(
    kind: K,
    header: Omit<HeaderOf<K>, "tensors">,
    tensors: Tensor[] = [],
  ): Promise<void> {
    return this.raw(...encodeMessage(kind, header as HeaderOf<K>, tensors));
  }

  hello(fields: object = {}): Promise<void> {
    return this.send("HELLO", {
      role: "client",
      channel: "front",
      peer_id: "client",
      token: KEY,
      minors: { min: 0, max: 0 },
      features: [],
      schema_hash: "",
      pid: 1,
      ...fields,
    });
  }

  submit(requestId: string, picture: { hash: string; tensor?: Tensor }, fields: object = {}): Promise<void> {
    const ids = new Tensor("int32", [1], Int32Array.of(5));
    const { hash, tensor } = picture;
    const item = {
      request_id: requestId,
      attempt: 1,
      op: {
        kind: "generate" as const,
        image: tensor === undefined ? { hash } : { hash, tensor: 1 },
        input_ids: 0,
        qformer_input_ids: 0,
        options: { max_new_tokens: 4 },
      },
      stream: false,
      ...fields,
    };
    return this.send("SUBMIT", { model_id: "m", items: [item] }, [
      ids,
      ...(tensor === undefined ? [] : [tensor]),
    ]);
  }

  /** Waits for a message of that kind, the newest one. */
  async next<K extends KindName>(kind: K): Promise<Extract<Message, { kind: K }>> {
    await until(() => this.received.some((each) => each.kind === kind), `a ${kind}`);
    const found = this.received.findLast((each) => each.kind === kind);
    this.received.splice(this.received.indexOf(found as Message), 1);
    return found as Extract<Message, { kind: K }>;
  }

  close(): void {
    this.#socket.close();
  }
}

async function connected(): Promise<RawClient> {
  const client = new RawClient();
  await client.hello();
  await client.next("WELCOME");
  return client;
}

const picture = flatPicture();

describe("letting clients in", () => {
  test.each([
    ["a wrong key", { token: "e".repeat(64) }, "UNAUTHENTICATED"],
    ["a worker's role", { role: "worker" }, "UNAUTHENTICATED"],
    ["another channel", { channel: "data" }, "UNAUTHENTICATED"],
    ["a later version", { minors: { min: 5, max: 9 } }, "VERSION_MISMATCH"],
  ])("refuses %s and serves nothing after it", async (_, fields, code) => {
    const client = new RawClient();
    await client.hello(fields);
    expect((await client.next("DISCONNECT")).header.code).toBe(code);
    await client.submit(uuidv7(), picture);
    expect((await client.next("DISCONNECT")).header.code).toBe("UNAUTHENTICATED");
    expect(server.clients).toBe(0);
    expect(engine.held).toEqual([]);
  });

  test("a stranger's garbage is dropped, a client's ends its connection, and the others go on", async () => {
    const [good, bad] = [await connected(), await connected()];
    const stranger = new RawClient();
    await stranger.raw("IBW\u0001", "\u00ff");
    await stranger.raw("GET / HTTP/1.1\r\n\r\n");
    await bad.raw(
      Buffer.from([0x49, 0x42, 0x57, 1, 0x10, 0, 0, 0]),
      Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]),
    );
    expect((await bad.next("DISCONNECT")).header.code).toBe("PROTOCOL");
    await until(() => logged.length === 3, "all three are logged");
    const id = uuidv7();
    await good.submit(id, picture);
    await good.next("ACCEPT");
    expect(server.clients).toBe(1);
  });

  test("a message that clients do not send ends the connection", async () => {
    const client = await connected();
    await client.send("DRAIN", { deadline_ms: 1 });
    expect((await client.next("DISCONNECT")).header.code).toBe("PROTOCOL");
  });

  test("a HELLO that comes twice keeps what is under way, in reach of a cancel", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture);
    await client.next("ACCEPT");
    await client.hello();
    await client.next("WELCOME");
    await client.send("CANCEL", { request_id: id, attempt: 1, reason: "CANCELLED" });
    await until(() => engine.held[0]?.cancelled !== undefined, "the cancellation");
    expect(server.clients).toBe(1);
  });
});

describe("a client's requests", () => {
  test("are answered with the tries that were made and the time they took", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture, {
      ttl_ms: 5000,
      call: { priority: 7, max_retries: 3, run_timeout_ms: 9 },
    });
    await client.next("ACCEPT");
    expect(engine.held[0]?.call).toEqual({
      requestId: id,
      deadlineMs: 5000,
      priority: 7,
      maxRetries: 3,
      runTimeoutMs: 9,
    });
    engine.held[0]?.submission.resolve(answerOf(id, [0, 5, 1]));
    const { header, tensors } = await client.next("RESULT");
    expect(header).toMatchObject({ request_id: id, tries: 2, attempts: [{ code: "WORKER_LOST" }] });
    expect(Array.from((tensors[0] as Tensor<"int64">).data, Number)).toEqual([0, 5, 1]);
  });

  test("are refused as the engine refuses them, with when to come back", async () => {
    const client = await connected();
    engine.refusal = new InstructBlipError("OVERLOADED", "The queue is full.", { retryAfterMs: 70.2 });
    await client.submit(uuidv7(), { hash: picture.hash });
    expect((await client.next("ERROR")).header).toMatchObject({ code: "OVERLOADED", retry_after_ms: 71 });
    expect(client.received.filter(({ kind }) => kind === "NEED")).toEqual([]);
  });

  test("an error with more history than a message holds is still told", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture);
    await client.next("ACCEPT");
    const attempts = Array.from({ length: 200 }, (_, index) => {
      return {
        attempt: index + 1,
        workerId: "w".repeat(100),
        code: "WORKER_LOST" as const,
        message: "漢".repeat(900),
      };
    });
    const details = { attempts, path: "漢".repeat(999) };
    engine.held[0]?.submission.reject(new InstructBlipError("WORKER_LOST", "漢".repeat(9000), details));
    const { header } = await client.next("ERROR");
    expect(header).toMatchObject({ code: "WORKER_LOST", request_id: id });
    expect(header.attempts?.at(-1)?.attempt).toBe(200);
  });

  test("a large output goes in parts, no faster than the client takes them", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture, { credit: 1 });
    await client.next("ACCEPT");
    const huge = new Tensor("uint8", [9_000_000], new Uint8Array(9_000_000).fill(7));
    engine.held[0]?.submission.resolve({ ...answerOf(id, [0]), outputs: { huge } });
    const assembly = new PartAssembly();
    for (const seq of [0, 1, 2]) {
      const part = await client.next("PART");
      expect(part.header.seq).toBe(seq);
      assembly.add(part);
      // All that was sent before this answer has come.
      await client.send("ASSETS", { id: seq + 1, model_id: "m" });
      await client.next("ASSETS_REPLY");
      expect(client.received.map(({ kind }) => kind)).not.toContain("PART");
      await client.send("CREDIT", { request_id: id, attempt: 1, chunks: 1 });
    }
    const { header } = await client.next("RESULT");
    expect(header.parts).toBe(3);
    expect(Buffer.compare(assembly.finish(3).huge?.bytes() as Uint8Array, huge.bytes())).toBe(0);
  });

  test("a client that leaves in the middle of a large output is sent no more of it", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture, { credit: 1 });
    await client.next("ACCEPT");
    const huge = new Tensor("uint8", [9_000_000], new Uint8Array(9_000_000));
    engine.held[0]?.submission.resolve({ ...answerOf(id, [0]), outputs: { huge } });
    await client.next("PART");
    await client.send("CANCEL", { request_id: id, attempt: 1, reason: "CANCELLED" });
    await client.send("ASSETS", { id: 1, model_id: "m" });
    await client.next("ASSETS_REPLY");
    expect(client.received.filter(({ kind }) => kind === "PART" || kind === "RESULT")).toEqual([]);
  });

  test("an id that is under way is refused, and the first request is left alone", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture);
    await client.next("ACCEPT");
    await client.submit(id, picture);
    expect((await client.next("ERROR")).header.code).toBe("INVALID_ARGUMENT");
    await client.send("CANCEL", { request_id: id, attempt: 1, reason: "CANCELLED" });
    await until(() => engine.held[0]?.cancelled !== undefined, "the first one can be cancelled");
    expect(engine.held).toHaveLength(1);
  });

  test("are cancelled when it leaves, and when its messages reach nobody", async () => {
    const [polite, rude] = [await connected(), await connected()];
    await polite.submit(uuidv7(), picture);
    await rude.submit(uuidv7(), picture, { stream: true });
    await until(() => engine.held.length === 2, "both");
    await polite.send("GOODBYE", { reason: "Done." });
    rude.close();
    await until(() => engine.held[0]?.cancelled !== undefined, "the first one is cancelled");
    engine.held[1]?.submission.deliver([1]);
    await until(() => {
      engine.held[1]?.submission.deliver([1]);
      return engine.held[1]?.cancelled !== undefined;
    }, "the second one is cancelled");
    expect(server.clients).toBe(0);
  });
});

describe("a client's stream", () => {
  test("is passed on as far as its credit goes, and the engine waits with it", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture, { stream: true, credit: 3 });
    await client.next("ACCEPT");
    for (let index = 0; index < 100; index += 1) engine.held[0]?.submission.deliver([index]);
    const chunks = () => client.received.filter(({ kind }) => kind === "CHUNK");
    await until(() => chunks().length === 3, "three chunks");
    await client.send("ADMIN", { id: 1, action: "stats" });
    await client.next("ADMIN_REPLY");
    expect(chunks()).toHaveLength(3);
    expect(engine.held[0]?.credited).toBe(0);
    engine.held[0]?.submission.resolve(answerOf(id, [0]));
    await client.send("CREDIT", { request_id: id, attempt: 1, chunks: 1000 });
    expect((await client.next("RESULT")).header.chunks).toBe(100);
    const seen = chunks().flatMap((each) => (each.kind === "CHUNK" ? each.header.chunks : []));
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test("that waits for credit does not keep the daemon from ending", async () => {
    const client = await connected();
    const id = uuidv7();
    await client.submit(id, picture, { stream: true, credit: 1 });
    await client.next("ACCEPT");
    for (let index = 0; index < 3; index += 1) engine.held[0]?.submission.deliver([index]);
    engine.held[0]?.submission.resolve(answerOf(id, [0]));
    await server.settled(50);
    await server.close("The daemon ends.");
    expect((await client.next("GOODBYE")).header.code).toBe("POOL_CLOSED");
  });
});

describe("pictures", () => {
  test("are asked for once when they are not known, and serve everybody after", async () => {
    const [one, other] = [await connected(), await connected()];
    await one.submit(uuidv7(), { hash: picture.hash });
    await one.submit(uuidv7(), { hash: picture.hash });
    const { header } = await one.next("NEED");
    expect(header.hashes).toEqual([picture.hash]);
    await one.send("PUT", { hash: picture.hash, tensor: 0 }, [picture.tensor]);
    await until(() => engine.held.every(({ inputs }) => inputs !== undefined), "both are prepared");
    await other.submit(uuidv7(), { hash: picture.hash });
    await until(() => engine.held[2]?.inputs !== undefined, "the other one's too");
    expect([...one.received, ...other.received].filter(({ kind }) => kind === "NEED")).toEqual([]);
  });

  test("under a wrong hash are refused, and poison nobody's", async () => {
    const client = await connected();
    const wrong = flatPicture(9).tensor;
    await client.submit(uuidv7(), { hash: picture.hash, tensor: wrong });
    expect((await client.next("ERROR")).header).toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "image.hash",
    });
    await client.submit(uuidv7(), { hash: picture.hash });
    await client.next("NEED");
    await client.send("PUT", { hash: picture.hash, tensor: 0 }, [wrong]);
    expect((await client.next("ERROR")).header.code).toBe("INVALID_ARGUMENT");
  });

  test("that one request no longer waits for still come for another", async () => {
    const client = await connected();
    const [first, second] = [uuidv7(), uuidv7()];
    await client.submit(first, { hash: picture.hash });
    await client.submit(second, { hash: picture.hash });
    await client.next("NEED");
    await client.send("CANCEL", { request_id: first, attempt: 1, reason: "CANCELLED" });
    await client.send("PUT", { hash: picture.hash, tensor: 0 }, [picture.tensor]);
    await until(() => engine.held[1]?.inputs !== undefined, "the second one is prepared");
    expect(engine.held[1]?.inputs?.image.hash).toBe(picture.hash);
    expect(engine.held[0]?.inputs).toBeUndefined();
  });

  test("are asked for again when nobody waits for them any more and one comes who does", async () => {
    const client = await connected();
    const first = uuidv7();
    await client.submit(first, { hash: picture.hash });
    await client.next("NEED");
    await client.send("CANCEL", { request_id: first, attempt: 1, reason: "CANCELLED" });
    await client.next("ERROR");
    await client.submit(uuidv7(), { hash: picture.hash });
    expect((await client.next("NEED")).header.hashes).toEqual([picture.hash]);
  });
});

describe("what is asked of the daemon itself", () => {
  test("is answered: models, statistics with the number of clients, the processor's files", async () => {
    const client = await connected();
    await client.send("ADMIN", { id: 1, action: "models" });
    expect((await client.next("ADMIN_REPLY")).header).toEqual({ id: 1, result: '[{"modelId":"m"}]' });
    await client.send("ADMIN", { id: 2, action: "stats" });
    expect(JSON.parse((await client.next("ADMIN_REPLY")).header.result ?? "")).toMatchObject({ clients: 1 });
    await client.send("ASSETS", { id: 3 });
    expect((await client.next("ASSETS_REPLY")).header).toMatchObject({ id: 3, model_id: "m" });
    await client.send("ASSETS", { id: 4, model_id: "missing" });
    expect((await client.next("ADMIN_REPLY")).header).toMatchObject({ id: 4, code: "MODEL_NOT_FOUND" });
  });

  test("an answer that no message holds is an error", async () => {
    const client = await connected();
    engine.models_ = Array.from({ length: 700 }, () => ({ modelId: "m".repeat(100) }));
    await client.send("ADMIN", { id: 1, action: "models" });
    expect((await client.next("ADMIN_REPLY")).header.code).toBe("PAYLOAD_TOO_LARGE");
  });

  test("a stop is confirmed before the daemon hears of it", async () => {
    const client = await connected();
    await client.send("ADMIN", { id: 1, action: "stop" });
    expect((await client.next("ADMIN_REPLY")).header.result).toBe("null");
    await until(() => stops === 1, "the stop");
  });

  test("closing says goodbye to everybody and cancels what is under way", async () => {
    const [one, two] = [await connected(), await connected()];
    await one.submit(uuidv7(), picture);
    await one.next("ACCEPT");
    await server.close("The daemon ends.");
    for (const client of [one, two]) expect((await client.next("GOODBYE")).header.code).toBe("POOL_CLOSED");
    expect(engine.held[0]?.cancelled).toBeDefined();
  });
});
