import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { InstructBlipConfig } from "../../../../ts-client/src/config/index.ts";
import { InstructBlipForConditionalGeneration } from "../../../../ts-client/src/model/index.ts";
import { Tensor } from "../../../../ts-client/src/tensor/index.ts";
import { PassEngine } from "./pass-engine.ts";
import { floats, ids } from "./tensors.ts";

type Model = InstructBlipForConditionalGeneration;
type Call = Parameters<Model["forward"]>[0];

const pixelValues = floats([2, 3, 224, 224]);
const inputs = {
  pixelValues,
  qformerInputIds: ids([2, 4]),
  inputIds: ids([2, 6]),
  attentionMask: ids([2, 6]),
};
const labels = ids([2, 3]);

let pool: PassEngine;
let t5: Model;
let llama: Model;
beforeEach(async () => {
  pool = new PassEngine();
  t5 = await InstructBlipForConditionalGeneration.fromPretrained("tiny-shapes-t5", { pool });
  // The engine knows one model; what a deployment of LLaMA says of itself is beside the point here.
  llama = await InstructBlipForConditionalGeneration.fromConfig(
    InstructBlipConfig.fromJSON({
      ...t5.config.toJSON(),
      text_config: { model_type: "llama", hidden_size: 64, vocab_size: 1408 },
    }),
    { pool },
  );
});

const sent = () => pool.passes[0]?.options.outputs ?? [];

describe("the whole model's forward pass", () => {
  it("gives logits and the states of its parts; of T5 the encoder's too", async () => {
    const found = await t5.forward({ ...inputs, decoderInputIds: ids([2, 1], 0) });
    expectTypeOf(found.logits).toEqualTypeOf<Tensor<"float32">>();
    expectTypeOf(found).not.toHaveProperty("loss");
    expectTypeOf(found.visionOutputs.poolerOutput).toEqualTypeOf<Tensor<"float32">>();
    expect(Object.keys(found)).toEqual(["logits", "visionOutputs", "qformerOutputs", "languageModelOutputs"]);
    expect(Object.keys(found.languageModelOutputs)).toEqual(["logits", "encoderLastHiddenState"]);
    expect(found.languageModelOutputs.logits).toBe(found.logits);
    expect(sent()).toEqual([
      "logits",
      "vision_outputs.last_hidden_state",
      "vision_outputs.pooler_output",
      "qformer_outputs.last_hidden_state",
      "qformer_outputs.pooler_output",
      "language_model_outputs.encoder_last_hidden_state",
    ]);
    expect(pool.passes[0]?.inputs).toEqual({
      pixel_values: pixelValues,
      qformer_input_ids: inputs.qformerInputIds,
      input_ids: inputs.inputIds,
      attention_mask: inputs.attentionMask,
      decoder_input_ids: ids([2, 1], 0),
    });
  });

  it("gives the loss of labels", async () => {
    const found = await t5.forward({ ...inputs, labels, outputDtype: "float16" });
    expectTypeOf(found.loss).toEqualTypeOf<Tensor<"float16">>();
    expect(Object.keys(found)[0]).toBe("loss");
    const one = await llama.forward({ ...inputs, labels, outputs: ["loss"] });
    expectTypeOf(one).toEqualTypeOf<{ readonly loss: Tensor<"float32"> }>();
    expect(Object.keys(one)).toEqual(["loss"]);
  });

  it("gives states and attentions of all three models on request", async () => {
    const found = await llama.forward({ ...inputs, outputHiddenStates: true, outputAttentions: true });
    expectTypeOf(found.qformerOutputs.crossAttentions).toEqualTypeOf<Tensor<"float32">>();
    expectTypeOf(found.languageModelOutputs.hiddenStates).toEqualTypeOf<Tensor<"float32"> | undefined>();
    expect(Object.keys(found.languageModelOutputs)).toEqual(["logits", "hiddenStates", "attentions"]);
    expect(Object.keys(found.qformerOutputs)).toContain("crossAttentions");
    const names = ["decoderHiddenStates", "decoderAttentions", "crossAttentions", "encoderLastHiddenState"];
    const ofT5 = await t5.forward({ ...inputs, labels, outputHiddenStates: true, outputAttentions: true });
    expect(Object.keys(ofT5.languageModelOutputs)).toEqual([
      "logits",
      ...names,
      "encoderHiddenStates",
      "encoderAttentions",
    ]);
  });

  it("gives what is picked, in its place and in its type", async () => {
    const outputs = ["languageModelOutputs.logits", "visionOutputs.hiddenStates", "logits"] as const;
    const found = await llama.forward({ ...inputs, outputs });
    expectTypeOf(found).toEqualTypeOf<{
      readonly logits: Tensor<"float32">;
      readonly visionOutputs: { readonly hiddenStates: Tensor<"float32"> };
      readonly languageModelOutputs: { readonly logits: Tensor<"float32"> };
    }>();
    expect(sent()).toEqual(["logits", "vision_outputs.hidden_states"]);
    expect(found.languageModelOutputs.logits).toBe(found.logits);
  });

  it("gives a tuple of tuples in transformers' order", async () => {
    const tuple = await t5.forward({ ...inputs, labels, returnDict: false });
    expect(tuple.map((each) => (each instanceof Tensor ? 1 : each.length))).toEqual([1, 1, 2, 2, 2]);
  });

  it("takes embeddings in place of ids, and one picture for all rows", async () => {
    const { inputIds: _, ...others } = inputs;
    const inputsEmbeds = new Tensor("bfloat16", [2, 6, 64], new Uint16Array(2 * 6 * 64));
    await llama.forward({ ...others, pixelValues: pixelValues.slice(0, 1), inputsEmbeds });
    expect(pool.passes[0]?.inputs).toMatchObject({
      inputs_embeds: inputsEmbeds,
      pixel_values: { shape: [1, 3, 224, 224] },
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ["pixelValues", { pixelValues: undefined }],
    ["pixelValues", { pixelValues: floats([3, 3, 224, 224]) }],
    ["qformerInputIds", { qformerInputIds: undefined }],
    ["qformerInputIds", { qformerInputIds: ids([2, 513]) }],
    ["qformerInputIds", { qformerInputIds: ids([2, 4], 40_000) }],
    ["pixelValues", { qformerInputIds: ids([1, 4]) }],
    ["qformerAttentionMask", { qformerAttentionMask: ids([2, 5]) }],
    ["inputIds", { inputIds: undefined }],
    ["inputIds", { inputIds: ids([1, 6]) }],
    ["inputIds", { inputIds: ids([2, 6], 1408) }],
    ["inputIds", { inputIds: ids([2, 6], 1400) }],
    ["inputsEmbeds", { inputsEmbeds: floats([2, 6, 64]) }],
    ["inputsEmbeds", { inputIds: undefined, inputsEmbeds: floats([2, 6, 65]) }],
    ["attentionMask", { attentionMask: ids([2, 7]) }],
    ["decoderInputIds", { decoderInputIds: ids([2, 1]) }],
    ["decoderAttentionMask", { decoderAttentionMask: ids([2, 1]) }],
    ["labels", { labels: ids([2, 3], -1) }],
    ["labels", { labels: ids([2, 15]) }],
    ["labels", { outputs: ["loss"] }],
    ["outputs[0]", { outputs: ["languageModelOutputs.encoderHiddenStates"] }],
    ["numBeams", { numBeams: 3 }],
  ])("refuses a wrong %s of LLaMA before anything is sent", async (path, wrong) => {
    await expect(llama.forward({ ...inputs, ...wrong } as Call)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path,
    });
    expect(pool.passes).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["decoderInputIds", {}],
    ["decoderInputIds", { labels, decoderInputIds: ids([2, 4]) }],
    ["decoderAttentionMask", { labels, decoderAttentionMask: ids([2, 4]) }],
    ["outputs[0]", { labels, outputs: ["languageModelOutputs.hiddenStates"] }],
  ])("refuses a wrong %s of T5 before anything is sent", async (path, wrong) => {
    await expect(t5.forward({ ...inputs, ...wrong } as Call)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path,
    });
    expect(pool.passes).toEqual([]);
  });

  it("takes labels that do not matter", async () => {
    await llama.forward({ ...inputs, labels: ids([2, 14], -100) });
    expect(pool.passes[0]?.inputs.labels?.shape).toEqual([2, 14]);
  });
});

describe("getImageFeatures", () => {
  it("gives what the language model is told of pictures", async () => {
    const { qformerInputIds } = inputs;
    const found = await t5.getImageFeatures({ pixelValues, qformerInputIds });
    expectTypeOf(found.poolerOutput).toEqualTypeOf<Tensor<"float32">>();
    expect(Object.keys(found)).toEqual(["poolerOutput", "visionOutputs", "qformerOutputs"]);
    expect(pool.passes[0]).toMatchObject({
      op: "imageFeatures",
      inputs: { qformer_input_ids: qformerInputIds },
    });
    const picked = await t5.getImageFeatures({ pixelValues, qformerInputIds, outputs: ["poolerOutput"] });
    expectTypeOf(picked).toEqualTypeOf<{ readonly poolerOutput: Tensor<"float32"> }>();
  });
});

describe("parts of the whole model", () => {
  it("are views of its deployment", async () => {
    expect(t5.visionModel.config).toBe(t5.config.visionConfig);
    expect(t5.qformer.config).toBe(t5.config.qformerConfig);
    await t5.visionModel.forward({ pixelValues });
    expect(pool.passes[0]).toMatchObject({ op: "visionForward", modelId: t5.info.modelId });
  });
});
