import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import {
  type BatchFeature,
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  InstructBlipQFormerModel,
  InstructBlipVisionModel,
  servePool,
  Tensor,
  WorkerPool,
} from "../../../ts-client/src/index.ts";
import type { AskingEngine } from "../../../ts-client/src/model/asking-engine.ts";
import { demoPicture } from "../../support/pictures.ts";
import { type Difference, judgePasses, type PassCase } from "./pass-cases.ts";

const TEXTS = ["What color is the circle?", "Describe the image, all of it, from the left to the right."];
const EVERYTHING = { outputHiddenStates: true, outputAttentions: true } as const;
/** Of the largest number in an output: float32 has 24 bits, and sums are made in another order. */
const TOLERANCE = 1e-5;

const closing: AsyncDisposable[] = [];
const cases: PassCase[] = [];
let judged: Record<string, Record<string, Difference>> = {};

beforeAll(async () => {
  const base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  const settings = { devices: ["cpu"], threads: 1, logLevel: "error" } as const;
  const models = [
    { source: "tiny-shapes-t5", ...settings },
    { source: "tiny-shapes-llama", ...settings },
  ];
  const pool = await WorkerPool.start({
    models: models.map(({ logLevel: _, ...model }) => model),
    logLevel: "error",
    ready: "all",
  });
  closing.push(pool, await servePool(pool, { name: "passes", logLevel: "off" }));
  const client = await WorkerPool.connect({ name: "passes" });
  closing.push(client);
  await passes("tiny-shapes-t5", pool);
  await passes("tiny-shapes-llama", client);
  judged = await judgePasses(cases);
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true, force: true });
});

afterAll(async () => {
  for (const each of closing.reverse()) await each[Symbol.asyncDispose]();
});

/** Goes through a checkpoint's models in every way, on one engine. */
async function passes(name: string, pool: AskingEngine): Promise<void> {
  const source = { folder: fileURLToPath(new URL(`../../../models/${name}`, import.meta.url)) };
  const add = (
    way: string,
    kind: PassCase["kind"],
    inputs: PassCase["inputs"],
    outputs: object,
    interpolate = false,
  ) => cases.push({ name: `${name}: ${way}`, kind, source, inputs, outputs, interpolate });
  const processor = await InstructBlipProcessor.fromPretrained(name, { pool });
  const vision = await InstructBlipVisionModel.fromPretrained(name, { pool });
  const qformer = await InstructBlipQFormerModel.fromPretrained(name, { pool });
  const model = await InstructBlipForConditionalGeneration.fromPretrained(name, { pool });
  const images = await Promise.all(["alone.jpg", "three.png"].map(demoPicture));
  const [image = new Uint8Array()] = images;
  const isT5 = name.endsWith("t5");
  const decoder = isT5 ? { decoderInputIds: ids([2, 3], (i) => [0, 5, 9][i % 3] ?? 0) } : {};

  const inputs = await processor({ images, text: TEXTS });
  const { pixelValues } = inputs;
  add("vision", "vision", { pixelValues }, await vision.forward({ pixelValues, ...EVERYTHING }));
  const wide = await processor({ images: image, text: TEXTS[0] ?? "", size: { height: 112, width: 308 } });
  const stretched = { pixelValues: wide.pixelValues, interpolatePosEncoding: true };
  add(
    "vision, another size",
    "vision",
    { pixelValues: wide.pixelValues },
    await vision.forward({ ...stretched, ...EVERYTHING }),
    true,
  );

  const own = queryInputs(inputs, model);
  add("Q-Former", "qformer", own, await qformer.forward({ ...own, ...EVERYTHING }));
  const textAlone = { inputIds: inputs.qformerInputIds, attentionMask: inputs.qformerAttentionMask };
  add("Q-Former, text alone", "qformer", textAlone, await qformer.forward({ ...textAlone, ...EVERYTHING }));

  const whole = { ...inputs, ...decoder };
  add("padded batch", "model", whole, await model.forward({ ...whole, ...EVERYTHING }));
  if (!isT5) {
    const right = await processor({ images, text: TEXTS, paddingSide: "right" });
    add("padded on the right", "model", right, await model.forward({ ...right, ...EVERYTHING }));
  }
  const onePicture = { ...whole, pixelValues: wide.pixelValues, interpolatePosEncoding: true };
  const picked = await model.forward({ ...onePicture, outputs: ["logits", "visionOutputs.poolerOutput"] });
  add("one picture of another size", "model", { ...whole, pixelValues: wide.pixelValues }, picked, true);
  const labels = { labels: masked(inputs) };
  add(
    "labels",
    "model",
    { ...inputs, ...labels },
    await model.forward({ ...inputs, ...labels, outputs: ["loss", "logits"] }),
  );
  const { qformerInputIds, qformerAttentionMask } = inputs;
  const features = await model.getImageFeatures({
    pixelValues,
    qformerInputIds,
    qformerAttentionMask,
    ...EVERYTHING,
  });
  add("features", "model", whole, features);

  const length = { maxNewTokens: 8, minNewTokens: 8 };
  const sequences = await model.generate({ ...wide, interpolatePosEncoding: true, ...length });
  const tokens = Array.from(sequences.data, Number).slice(1);
  add("generate, another size", "generate", wide, { sequences: ids([1, 8], (i) => tokens[i] ?? -1) }, true);
  const asked = { image, prompt: TEXTS[0] ?? "", modelId: name, size: { height: 112, width: 308 } };
  const answer = await pool.ask({ ...asked, interpolatePosEncoding: true, ...length });
  expect(answer.tokens).toEqual(tokens);
}

/** Queries and features that no model made. */
function queryInputs({ qformerInputIds }: BatchFeature, { config }: InstructBlipForConditionalGeneration) {
  const [rows = 0, tokens = 0] = qformerInputIds.shape;
  const { hiddenSize, encoderHiddenSize } = config.qformerConfig;
  return {
    inputIds: qformerInputIds,
    positionIds: ids([rows, tokens], (i) => (i % tokens) + 3),
    queryEmbeds: waves([rows, 5, hiddenSize]),
    attentionMask: ids([rows, 5 + tokens], (i) => (i % (5 + tokens) < 4 + tokens ? 1 : 0)),
    encoderHiddenStates: waves([rows, 7, encoderHiddenSize]),
    encoderAttentionMask: ids([rows, 7], (i) => (i % 7 === 2 ? 0 : 1)),
  };
}

/** The prompt's own tokens as labels, with -100 for padding and for the token behind it, which padding would foretell. */
function masked({ inputIds, attentionMask }: BatchFeature): Tensor<"int64"> {
  const width = inputIds.shape[1] ?? 0;
  const counts = (i: number) =>
    attentionMask.data[i] === 1n && i % width > 0 && attentionMask.data[i - 1] === 1n;
  return new Tensor(
    "int64",
    inputIds.shape,
    inputIds.data.map((id, i) => (counts(i) ? id : -100n)),
  );
}

function ids(shape: readonly number[], value: (index: number) => number): Tensor<"int64"> {
  const size = shape.reduce((product, n) => product * n, 1);
  return new Tensor(
    "int64",
    shape,
    BigInt64Array.from({ length: size }, (_, i) => BigInt(value(i))),
  );
}

function waves(shape: readonly number[]): Tensor<"float32"> {
  const size = shape.reduce((product, n) => product * n, 1);
  return new Tensor(
    "float32",
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7)),
  );
}

it("covers all tensors of all three models", () => {
  const seen = new Set(Object.values(judged).flatMap((outputs) => Object.keys(outputs)));
  const parts = [
    "loss",
    "logits",
    "vision_outputs.attentions",
    "qformer_outputs.cross_attentions",
    "hidden_states",
  ];
  const ofLanguageModels = [
    "hidden_states",
    "attentions",
    "encoder_attentions",
    "decoder_hidden_states",
    "cross_attentions",
  ];
  expect([...seen]).toEqual(
    expect.arrayContaining([...parts, ...ofLanguageModels.map((each) => `language_model_outputs.${each}`)]),
  );
  expect(Object.keys(judged)).toHaveLength(cases.length);
});

it("gives transformers' numbers, whole batches as each row alone", () => {
  for (const [name, outputs] of Object.entries(judged)) {
    for (const [output, { largest, difference }] of Object.entries(outputs)) {
      expect(largest, `${name}, ${output}`).toBeGreaterThan(0);
      expect(difference / largest, `${name}, ${output}`).toBeLessThan(TOLERANCE);
    }
  }
});
