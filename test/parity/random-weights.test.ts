import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  OPTConfig,
  type PoolClient,
  type Served,
  servePool,
  Tensor,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import { contentHash } from "../../ts-client/src/protocol/index.ts";
import { runPython } from "../support/python.ts";

const visionConfig = new InstructBlipVisionConfig({
  hiddenSize: 24,
  intermediateSize: 32,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  imageSize: 32,
  patchSize: 8,
  initializerRange: 0.2,
});
const qformerConfig = new InstructBlipQFormerConfig({
  vocabSize: 60,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 24,
});
const small = { vocabSize: 80, hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 };
const opt = new InstructBlipConfig({
  visionConfig,
  qformerConfig,
  textConfig: new OPTConfig({ ...small, ffnDim: 24, maxPositionEmbeddings: 64 }),
  numQueryTokens: 4,
});
const NEW = 6;

let base = "";
let pool: WorkerPool;
let served: Served;
let client: PoolClient;

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  const settings = { devices: ["cpu"], threads: 1, logLevel: "off" } as const;
  pool = await WorkerPool.start({ model: { config: opt, seed: 5 }, ...settings });
  served = await servePool(pool, { name: "random", logLevel: "off" });
  client = await WorkerPool.connect({ name: "random" });
});

afterAll(async () => {
  await client?.close();
  await served?.close();
  await pool?.close();
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

/** The request of every case. */
function inputs(seed: number) {
  const bytes = Uint8Array.from({ length: 32 * 32 * 3 }, (_, index) => (index * (seed + 3)) % 256);
  const tensor = new Tensor("uint8", [32, 32, 3], bytes);
  return {
    image: { hash: contentHash(tensor), tensor },
    inputIds: Int32Array.of(2, 20, 30, 40 + seed),
    qformerInputIds: Int32Array.of(7, 8),
  };
}

function ask(modelId: string, seed: number) {
  const options = { max_new_tokens: NEW, min_new_tokens: NEW, output_logits: true };
  return client.submit({ op: "generate", modelId, options, prepare: async () => inputs(seed) });
}

describe("models of random weights", () => {
  test("answer with Python's numbers for the same configuration and seed", async () => {
    // The language models are held to Python's one by one in the worker's own tests.
    const cases = [{ config: opt, seed: 5 }];
    const answers = [];
    for (const { config, seed } of cases) {
      const { modelId } = await client.load({ config, seed, devices: ["cpu"], threads: 1 });
      answers.push(await ask(modelId, seed));
    }
    const files = ["cases.json", "answers.json"].map((name) => path.join(base, name));
    const asked = cases.map(({ config, seed }) => ({
      config: config.toJSONString(),
      seed,
      new: NEW,
      picture: Array.from(inputs(seed).image.tensor.data),
      input_ids: Array.from(inputs(seed).inputIds),
      qformer_input_ids: Array.from(inputs(seed).qformerInputIds),
    }));
    writeFileSync(files[0] ?? "", JSON.stringify(asked));
    await runPython("parity/random_weights.py", files);
    const judged = JSON.parse(readFileSync(files[1] ?? "", "utf8"));
    for (const [index, { sequences, outputs }] of answers.entries()) {
      expect(Array.from(sequences.data, Number).slice(1)).toEqual(judged[index].tokens);
      const logits = Array.from(outputs.logits?.data as Float32Array);
      expect(logits).toHaveLength(judged[index].logits.length);
      const worst = logits.reduce((most, value, at) => {
        return Math.max(most, Math.abs(value - judged[index].logits[at]));
      }, 0);
      expect(worst).toBeLessThan(1e-5);
    }
  });

  test("of an equal configuration and seed are served once", async () => {
    const before = await client.models();
    const again = await client.load({ config: JSON.parse(JSON.stringify(opt)), seed: 5 });
    expect(again.source).toMatch(/^config:instructblip:[0-9a-f]{16}:seed=5$/);
    expect(before.map(({ modelId }) => modelId)).toContain(again.modelId);
    expect(await client.models()).toHaveLength(before.length);
  });

  test("of one encoder say that they have no language model, and have no files", async () => {
    const info = await client.load({ config: visionConfig, devices: ["cpu"], threads: 1 });
    expect(info).toMatchObject({ languageModel: "none", imageSize: 32, vocabSize: 0, dtype: "float32" });
    expect((await client.assets(info.modelId)).files).toEqual({});
    await expect(ask(info.modelId, 1)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
