import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  DEFAULT_IMAGE_CONFIG,
  InstructBlipConfig,
  InstructBlipForConditionalGeneration,
  InstructBlipQFormerConfig,
  InstructBlipQFormerModel,
  InstructBlipVisionConfig,
  InstructBlipVisionModel,
  LlamaConfig,
  OPTConfig,
  PixelValues,
  type PoolClient,
  type Served,
  servePool,
  T5Config,
  Tensor,
  type TextConfig,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import { rawRequest } from "../support/requests.ts";
import { judgePasses, type PassCase } from "./model/pass-cases.ts";

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
  encoderHiddenSize: 24,
});
const small = { vocabSize: 80, hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 };
const opt = whole(new OPTConfig({ ...small, ffnDim: 24, maxPositionEmbeddings: 64 }));
const llama = whole(new LlamaConfig({ ...small, intermediateSize: 24 }));
const t5 = whole(new T5Config({ vocabSize: 80, dModel: 16, dKv: 8, dFf: 24, numLayers: 2, numHeads: 2 }));
const NEW = 6;
const MACHINE = { devices: ["cpu"], threads: 1 };
const EVERYTHING = { outputHiddenStates: true, outputAttentions: true } as const;

function whole(textConfig: TextConfig): InstructBlipConfig {
  return new InstructBlipConfig({ visionConfig, qformerConfig, textConfig, numQueryTokens: 4 });
}

let base = "";
let pool: WorkerPool;
let served: Served;
let client: PoolClient;

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  pool = await WorkerPool.start({ model: { config: opt, seed: 5 }, ...MACHINE, logLevel: "off" });
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

/** The picture and the texts of every case. */
function inputs(seed: number) {
  const bytes = Uint8Array.from({ length: 32 * 32 * 3 }, (_, index) => (index * (seed + 3)) % 256);
  return {
    pixelValues: new PixelValues(new Tensor("uint8", [1, 32, 32, 3], bytes), DEFAULT_IMAGE_CONFIG),
    inputIds: ids([2, 20, 30, 40 + seed]),
    attentionMask: ids([1, 1, 1, 1]),
    qformerInputIds: ids([7, 8]),
    qformerAttentionMask: ids([1, 1]),
  };
}

function ids(row: readonly number[]): Tensor<"int64"> {
  return new Tensor("int64", [1, row.length], BigInt64Array.from(row, BigInt));
}

/** Goes through a whole model of random weights, and generates. */
async function whatComesOf(config: InstructBlipConfig, seed: number): Promise<PassCase[]> {
  const model = await InstructBlipForConditionalGeneration.fromConfig(config, {
    pool: client,
    seed,
    ...MACHINE,
  });
  expect(model.config).toBe(config);
  const { modelType: name } = config.textConfig;
  const source = { config: config.toJSONString(), seed };
  const given = { ...inputs(seed), ...(name === "t5" && { decoderInputIds: ids([0, 9, 4]) }) };
  const outputs = await model.forward({ ...given, ...EVERYTHING });
  const length = {
    maxNewTokens: NEW,
    minNewTokens: NEW,
    outputLogits: true,
    returnDictInGenerate: true,
  } as const;
  const { sequences, logits } = await model.generate({ ...inputs(seed), ...length });
  const generated = { sequences: ids(Array.from(sequences.data, Number).slice(1)), logits };
  return [
    { name: `${name} forward`, kind: "model", source, inputs: given, outputs },
    { name: `${name} generate`, kind: "generate", source, inputs: given, outputs: generated },
  ];
}

/** Goes through the two encoders, each made alone. */
async function whatComesOfEncoders(): Promise<PassCase[]> {
  const settings = { pool: client, ...MACHINE };
  const vision = await InstructBlipVisionModel.fromConfig(visionConfig, { ...settings, seed: 8 });
  const { pixelValues, qformerInputIds: inputIds } = inputs(8);
  const seen = await vision.forward({ pixelValues, ...EVERYTHING });
  const qformer = await InstructBlipQFormerModel.fromConfig(qformerConfig, { ...settings, seed: 9 });
  const given = {
    inputIds,
    queryEmbeds: new Tensor(
      "float32",
      [1, 3, 16],
      Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    ),
    encoderHiddenStates: seen.lastHiddenState,
  };
  const found = await qformer.forward({ ...given, ...EVERYTHING });
  const sources = [visionConfig, qformerConfig].map((config, i) => ({
    config: config.toJSONString(),
    seed: 8 + i,
  }));
  const [ofVision = { folder: "" }, ofQFormer = { folder: "" }] = sources;
  return [
    { name: "vision", kind: "vision", source: ofVision, inputs: { pixelValues }, outputs: seen },
    { name: "Q-Former", kind: "qformer", source: ofQFormer, inputs: given, outputs: found },
  ];
}

describe("models of random weights", () => {
  test("compute Python's numbers for the same configuration and seed", async () => {
    const cases = [
      ...(await whatComesOf(opt, 5)),
      ...(await whatComesOf(llama, 6)),
      ...(await whatComesOf(t5, 4)),
      ...(await whatComesOfEncoders()),
    ];
    const judged = await judgePasses(cases);
    expect(Object.keys(judged)).toEqual(cases.map(({ name }) => name));
    for (const [name, outputs] of Object.entries(judged)) {
      expect(Object.keys(outputs).length).toBeGreaterThan(1);
      for (const [output, { largest, difference }] of Object.entries(outputs)) {
        expect(largest, `${name}, ${output}`).toBeGreaterThan(0);
        expect(difference / largest, `${name}, ${output}`).toBeLessThan(1e-5);
      }
    }
  });

  test("of an equal configuration and seed are served once", async () => {
    const before = await client.models();
    const again = await client.load({ config: JSON.parse(JSON.stringify(opt)), seed: 5 });
    expect(again.source).toMatch(/^config:instructblip:[0-9a-f]{16}:seed=5$/);
    expect(before.map(({ modelId }) => modelId)).toContain(again.modelId);
    expect(await client.models()).toHaveLength(before.length);
  });

  test("answer no text, as they have no tokenizers", async () => {
    const { modelId } = await client.load({ config: opt, seed: 5 });
    const model = await InstructBlipForConditionalGeneration.fromConfig(opt, { pool: client, seed: 5 });
    const { pixelValues } = inputs(5);
    const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const;
    for (const failed of [model.generate({ pixelValues }), client.ask({ image, modelId })]) {
      await expect(failed).rejects.toMatchObject({ code: "UNSUPPORTED", path: "inputIds" });
    }
  });

  test("of one encoder say that they have no language model, and have no files", async () => {
    const { info } = await InstructBlipVisionModel.fromConfig(visionConfig, { pool: client, seed: 8 });
    expect(info).toMatchObject({ languageModel: "none", imageSize: 32, vocabSize: 0, dtype: "float32" });
    expect((await client.assets(info.modelId)).files).toEqual({});
    const question = client.submit(rawRequest([2, 20], { modelId: info.modelId }));
    await expect(question).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
