import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bundledCheckpoints } from "../../../ts-client/src/config/checkpoint-folder.ts";
import { InstructBlipConfig } from "../../../ts-client/src/config/instructblip-config.ts";
import { InstructBlipQFormerConfig } from "../../../ts-client/src/config/qformer-config.ts";
import { LlamaConfig, OPTConfig, T5Config } from "../../../ts-client/src/config/text-config.ts";
import { InstructBlipVisionConfig } from "../../../ts-client/src/config/vision-config.ts";

const file = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../models/${name}/config.json`, import.meta.url), "utf8"));

describe("InstructBlipVisionConfig", () => {
  it("has the defaults of the published vision encoder", () => {
    expect(new InstructBlipVisionConfig().toJSON()).toEqual({
      model_type: "instructblip_vision_model",
      hidden_size: 1408,
      intermediate_size: 6144,
      num_hidden_layers: 39,
      num_attention_heads: 16,
      image_size: 224,
      patch_size: 14,
      hidden_act: "gelu",
      layer_norm_eps: 1e-6,
      attention_dropout: 0,
      initializer_range: 1e-10,
      qkv_bias: true,
    });
  });

  it("names the field that is wrong", () => {
    expect(() => new InstructBlipVisionConfig({ patchSize: 0 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path: "patchSize" }),
    );
  });

  it("asks for camelCase, and for fromJSON where a dictionary of transformers is meant", () => {
    expect(() => new InstructBlipVisionConfig({ hidden_size: 8 } as object)).toThrow(
      "Write `hiddenSize` instead of `hidden_size`, or use `fromJSON` for a dictionary of transformers.",
    );
    expect(InstructBlipVisionConfig.fromJSON({ hidden_size: 8 }).hiddenSize).toBe(8);
  });

  it("keeps keys it does not know", () => {
    const config = InstructBlipVisionConfig.fromJSON({ some_new_key: [1], image_size: 448 });
    expect(config.extra).toEqual({ some_new_key: [1] });
    expect(config.toJSON()).toMatchObject({ some_new_key: [1], image_size: 448 });
  });
});

describe("InstructBlipQFormerConfig", () => {
  it("has the seed's defaults", () => {
    expect(new InstructBlipQFormerConfig().toJSON()).toEqual({
      model_type: "instructblip_qformer",
      vocab_size: 30522,
      hidden_size: 768,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      intermediate_size: 3072,
      hidden_act: "gelu",
      hidden_dropout_prob: 0.1,
      attention_probs_dropout_prob: 0.1,
      max_position_embeddings: 512,
      initializer_range: 0.02,
      layer_norm_eps: 1e-12,
      pad_token_id: 0,
      position_embedding_type: "absolute",
      cross_attention_frequency: 2,
      encoder_hidden_size: 1408,
    });
  });
});

describe("text configurations", () => {
  it("derive what follows from other fields", () => {
    expect(new T5Config({ numLayers: 3 }).numDecoderLayers).toBe(3);
    expect(new T5Config({ numLayers: 3, numDecoderLayers: 2 }).numDecoderLayers).toBe(2);
    expect(new LlamaConfig({ hiddenSize: 128, numAttentionHeads: 4 })).toMatchObject({
      headDim: 32,
      numKeyValueHeads: 4,
    });
    expect(new OPTConfig({ hiddenSize: 64 }).wordEmbedProjDim).toBe(64);
  });

  it("write names of one letter as transformers does", () => {
    expect(new T5Config({ dModel: 16, dKv: 4, dFf: 32 }).toJSON()).toMatchObject({
      d_model: 16,
      d_kv: 4,
      d_ff: 32,
    });
  });
});

describe("InstructBlipConfig", () => {
  it("without fields has OPT as language model and 32 queries", () => {
    const config = new InstructBlipConfig();
    expect(config.textConfig).toBeInstanceOf(OPTConfig);
    expect(config.numQueryTokens).toBe(32);
    expect(config.useDecoderOnlyLanguageModel).toBe(true);
  });

  it("takes parts as configurations or as fields", () => {
    const visionConfig = new InstructBlipVisionConfig({ hiddenSize: 64 });
    const config = new InstructBlipConfig({
      visionConfig,
      qformerConfig: { numHiddenLayers: 2 },
      textConfig: { modelType: "t5", dModel: 32 },
    });
    expect(config.visionConfig).toBe(visionConfig);
    expect(config.qformerConfig).toMatchObject({ numHiddenLayers: 2, encoderHiddenSize: 64 });
    expect(config.textConfig).toMatchObject({ modelType: "t5", dModel: 32 });
    expect(config.useDecoderOnlyLanguageModel).toBe(false);
  });

  it("is made of its three parts", () => {
    const config = InstructBlipConfig.fromVisionQformerTextConfigs(
      new InstructBlipVisionConfig(),
      new InstructBlipQFormerConfig(),
      new LlamaConfig(),
      { numQueryTokens: 16 },
    );
    expect(config.textConfig.modelType).toBe("llama");
    expect(config.numQueryTokens).toBe(16);
  });

  it("refuses a language model that no worker runs, naming those there are", () => {
    expect(() => InstructBlipConfig.fromJSON({ text_config: { model_type: "gpt2" } })).toThrow(
      'There is no language model "gpt2" here, only t5, llama, opt.',
    );
  });

  it("says which part is wrong", () => {
    expect(() => new InstructBlipConfig({ numQueryTokens: 1.5 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path: "numQueryTokens" }),
    );
    expect(() => InstructBlipConfig.fromJSON({ vision_config: 3 })).toThrow(
      "`vision_config` must be an object.",
    );
  });

  it.each(["tiny-shapes-t5", "tiny-shapes-llama"])("reads %s and writes all of it back", async (name) => {
    const config = await InstructBlipConfig.fromPretrained(name);
    expect(config.toJSON()).toMatchObject(file(name));
    expect(InstructBlipConfig.fromJSON(config.toJSON())).toEqual(config);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config.toJSON());
  });

  it("writes fractions as fractions, also when they are whole", () => {
    const config = new InstructBlipConfig({
      textConfig: new T5Config({ dropoutRate: 0 }),
      numQueryTokens: 1,
    });
    const text = config.toJSONString();
    expect(JSON.parse(text)).toEqual(config.toJSON());
    expect(text).toContain('"initializer_factor": 1.0');
    expect(text).toContain('"dropout_rate": 0.0');
    expect(text).toContain('"num_query_tokens": 1,');
    expect(new LlamaConfig().toJSONString()).toContain('"attention_dropout": 0.0');
  });

  it("says which checkpoints are bundled when there is none", async () => {
    expect(await bundledCheckpoints()).toEqual(["tiny-shapes-llama", "tiny-shapes-t5"]);
    await expect(InstructBlipConfig.fromPretrained("nowhere/at-all")).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("tiny-shapes-llama, tiny-shapes-t5"),
    });
  });
});
