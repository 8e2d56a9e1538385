import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Connection } from "../../ts-client/src/client/connection.ts";
import {
  InstructBlipConfig,
  InstructBlipForConditionalGeneration,
  OPTConfig,
  type Request,
  servePool,
  Tensor,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import type { AskingEngine } from "../../ts-client/src/model/asking-engine.ts";
import { WorkerTransport } from "../../ts-client/src/pool/transport/worker-transport.ts";
import { contentHash, PartAssembly, uuidv7 } from "../../ts-client/src/protocol/index.ts";
import { until } from "../support/processes.ts";

/** As many layers, heads and patches as the published checkpoints, and narrow. */
const config = new InstructBlipConfig({
  visionConfig: { hiddenSize: 256, intermediateSize: 64, initializerRange: 0.1 },
  qformerConfig: { hiddenSize: 24, numHiddenLayers: 2, intermediateSize: 48 },
  textConfig: new OPTConfig({
    ...{ vocabSize: 96, hiddenSize: 32, wordEmbedProjDim: 32, ffnDim: 64, maxPositionEmbeddings: 1024 },
    ...{ numHiddenLayers: 2, numAttentionHeads: 2 },
  }),
  numQueryTokens: 4,
});
const ATTENTIONS = [39, 1, 16, 257, 257];
/** Parts that come before the reader grants more. */
const AHEAD = 4;

const closing: AsyncDisposable[] = [];
let base = "";
let pool: WorkerPool;
let client: AskingEngine;
beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  pool = await WorkerPool.start({ model: { config, modelId: "m" }, devices: ["cpu"], logLevel: "error" });
  closing.push(pool, await servePool(pool, { name: "large", logLevel: "off" }));
  const connected = await WorkerPool.connect({ name: "large" });
  closing.push(connected);
  client = connected;
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  for (const each of closing.reverse()) await each[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

/** What sends messages to the other side. */
interface Sender {
  send(...message: never): void;
}

/** Pictures of one colour each. */
function pictures(count: number): Tensor<"float32"> {
  const size = 3 * 224 * 224;
  return new Tensor(
    "float32",
    [count, 3, 224, 224],
    Float32Array.from({ length: count * size }, (_, i) => 1 - i / size),
  );
}

function visionOf(engine: AskingEngine) {
  const options = { pool: engine, modelId: "m" };
  return InstructBlipForConditionalGeneration.fromConfig(config, options).then(
    ({ visionModel }) => visionModel,
  );
}

/** Every row of an attention map sums to 1. */
function expectWholeMaps({ shape, data }: Tensor<"float32">): void {
  expect(shape).toEqual(ATTENTIONS);
  let worst = 0;
  for (let row = 0; row < data.length; row += 257) {
    let sum = 0;
    for (let column = row; column < row + 257; column++) sum += data[column] ?? Number.NaN;
    worst = Math.max(worst, Math.abs(sum - 1));
  }
  expect(worst).toBeLessThan(1e-4);
}

describe("a reply of many megabytes", () => {
  it("comes whole: 165 MB of attentions from a worker, and through a daemon", async () => {
    const pixelValues = pictures(1);
    for (const engine of [pool, client]) {
      const { attentions } = await (await visionOf(engine)).forward({ pixelValues, outputs: ["attentions"] });
      expect(attentions.bytes().byteLength).toBe(164_858_304);
      expectWholeMaps(attentions);
    }
  });

  it("comes whole: 60 MB of hidden states, a layer of which is a view", async () => {
    const vision = await visionOf(client);
    const outputs = ["hiddenStates", "lastHiddenState"] as const;
    const all = await vision.forward({ pixelValues: pictures(6), outputs });
    expect(all.hiddenStates.shape).toEqual([40, 6, 257, 256]);
    expect(all.hiddenStates.bytes().byteLength).toBe(63_160_320);
    const one = await vision.forward({ pixelValues: pictures(1), outputs });
    for (const layer of [0, 20, -1]) {
      const states = all.hiddenStates.slice(layer);
      expect(states.data.buffer).toBe(all.hiddenStates.data.buffer);
      expectClose(states.slice(0), one.hiddenStates.at(layer, 0));
    }
    expectClose(all.lastHiddenState.slice(0), one.lastHiddenState.slice(0));
  });

  it("leaves a turn of the event loop to everything else after each of its parts", async () => {
    let turn = 0;
    const count = () => {
      turn += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const turns: number[] = [];
    const add = PartAssembly.prototype.add;
    vi.spyOn(PartAssembly.prototype, "add").mockImplementation(function (this: PartAssembly, part) {
      turns.push(turn);
      add.call(this, part);
    });
    const vision = await visionOf(pool);
    await vision.forward({ pixelValues: pictures(1), outputs: ["attentions"] });
    clearImmediate(next);
    expect(turns).toHaveLength(40);
    expect(new Set(turns).size).toBe(turns.length);
  });

  it.each([
    ["a worker", WorkerTransport.prototype, 2, () => pool],
    ["a daemon", Connection.prototype, 0, () => client],
  ] as const)(
    "from %s lets a stream and a cancellation pass while it is under way",
    async (_, sender, kindAt, engine) => {
      const requestId = uuidv7();
      const credits = holdCredits(sender, kindAt, requestId);
      const vision = await visionOf(engine());
      let settled = false;
      const large = vision
        .forward({ pixelValues: pictures(1), outputs: ["attentions"], requestId })
        .finally(() => {
          settled = true;
        });
      await until(() => credits.held === AHEAD, "its first parts are here");

      const stream = engine().submit(question(24));
      const tokens: number[] = [];
      for await (const chunk of stream) tokens.push(...chunk.tokens);
      expect(tokens).toHaveLength(24);

      const endless = engine().submit(question(900));
      const reading = (async () => {
        for await (const _ of endless) endless.cancel();
      })();
      await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
      const inFlight = async () => (await engine().stats()).workers[0]?.inFlight;
      await until(async () => (await inFlight()) === (engine() === pool ? 1 : 0), "its row is free");

      expect(settled).toBe(false);
      expect(credits.held).toBe(AHEAD);
      credits.release();
      expectWholeMaps((await large).attentions);
    },
  );
});

/** A stream of so many tokens. */
function question(tokens: number): Request<"generate"> {
  const tensor = new Tensor("uint8", [224, 224, 3], new Uint8Array(224 * 224 * 3).fill(tokens % 256));
  const ids = Int32Array.of(2, 20, 30);
  return {
    op: "generate",
    modelId: "m",
    stream: true,
    options: { max_new_tokens: tokens, min_new_tokens: tokens },
    prepare: async () => ({
      image: { hash: contentHash(tensor), tensor },
      inputIds: ids,
      qformerInputIds: ids,
    }),
  };
}

/** Keeps back the credit for more parts of a reply: its reader is busy. */
function holdCredits(sender: Sender, kindAt: number, requestId: string) {
  const send = sender.send;
  const held: (() => void)[] = [];
  let isHolding = true;
  vi.spyOn(sender, "send").mockImplementation(function (this: unknown, ...message: readonly unknown[]) {
    const pass = () => send.apply(this, message as never);
    const header = message[kindAt + 1] as { readonly request_id?: string } | undefined;
    if (isHolding && message[kindAt] === "CREDIT" && header?.request_id === requestId) held.push(pass);
    else pass();
  });
  return {
    get held() {
      return held.length;
    },
    release() {
      isHolding = false;
      for (const pass of held) pass();
    },
  };
}

function expectClose(got: Tensor<"float32">, expected: Tensor<"float32">): void {
  expect(got.shape).toEqual(expected.shape);
  const worst = got.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] ?? Number.NaN))),
    0,
  );
  expect(worst).toBeLessThan(1e-3);
}
