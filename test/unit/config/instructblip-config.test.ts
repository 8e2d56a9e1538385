import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { bundledCheckpoints } from "../../../ts-client/src/checkpoint/index.ts";
import {
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  LlamaConfig,
  OPTConfig,
  T5Config,
  type TextConfig,
} from "../../../ts-client/src/config/index.ts";

const file = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../models/${name}/config.json`, import.meta.url), "utf8"));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "configs-"));
});
afterAll(() => rm(folder, { recursive: true }));

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
      output_hidden_states: false,
      output_attentions: false,
      return_dict: true,
      dtype: null,
      architectures: null,
    });
  });

  it("says which field is wrong, and what was given", () => {
    expect(() => new InstructBlipVisionConfig({ patchSize: 0 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path: "patchSize" }),
    );
    expect(() => new InstructBlipVisionConfig({ patchSize: 0 })).toThrow("the number 0 was given");
  });

  it("asks for camelCase, and for fromJSON where a dictionary of transformers is meant", () => {
    expect(() => new InstructBlipVisionConfig({ hidden_size: 8 })).toThrow(
      "Write `hiddenSize` instead of `hidden_size`, or use `fromJSON` for a dictionary of transformers.",
    );
    expect(InstructBlipVisionConfig.fromJSON({ hidden_size: 8 }).hiddenSize).toBe(8);
    expect(() => InstructBlipVisionConfig.fromJSON({ hiddenSize: 8 })).toThrow(
      "Write `hidden_size` instead of `hiddenSize`",
    );
  });

  it("keeps keys it does not know", () => {
    const config = InstructBlipVisionConfig.fromJSON({ some_new_key: [1], image_size: 448 });
    expect(config.extra).toEqual({ some_new_key: [1] });
    expect(config.toJSON()).toMatchObject({ some_new_key: [1], image_size: 448 });
    const made = new InstructBlipVisionConfig({ some_key: 1, extra: { other: 2 } });
    expect(made.extra).toEqual({ some_key: 1, other: 2 });
  });

  it("is made from another with some fields changed", () => {
    const config = new InstructBlipVisionConfig({ hiddenSize: 64, numHiddenLayers: 2 });
    expect(new InstructBlipVisionConfig({ ...config, numHiddenLayers: 3 })).toMatchObject({
      hiddenSize: 64,
      numHiddenLayers: 3,
    });
  });

  it("lets the compiler find misspelt fields and wrong types", () => {
    // @ts-expect-error
    new InstructBlipVisionConfig({ hidenSize: 3 });
    // @ts-expect-error
    expect(() => new InstructBlipVisionConfig({ hiddenSize: "3" })).toThrow("hiddenSize");
    expectTypeOf<InstructBlipVisionConfig["hiddenSize"]>().toEqualTypeOf<number>();
  });
});

describe("InstructBlipQFormerConfig", () => {
  it("has the seed's defaults", () => {
    expect(new InstructBlipQFormerConfig().toJSON()).toMatchObject({
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

  it.each(["relative_key", "relative_key_query"])("refuses %s, which would be ignored", (type) => {
    const error = {
      code: "UNSUPPORTED",
      path: "positionEmbeddingType",
      message: expect.stringMatching(`"${type}": transformers 5 has no relative .* Use "absolute"`),
    };
    const build = () => new InstructBlipQFormerConfig({ positionEmbeddingType: type as "absolute" });
    expect(build).toThrow(expect.objectContaining(error));
    const json = { qformer_config: { position_embedding_type: type } };
    expect(() => InstructBlipConfig.fromJSON(json)).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED", path: "qformerConfig.positionEmbeddingType" }),
    );
  });

  it("knows no other position embeddings either", () => {
    expect(() => InstructBlipQFormerConfig.fromJSON({ position_embedding_type: "rotary" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path: "positionEmbeddingType" }),
    );
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

  it("know T5's sizes by their other names too", () => {
    const config = new T5Config({ hiddenSize: 32, numHiddenLayers: 2, numAttentionHeads: 4, headDim: 8 });
    expect(config).toMatchObject({ dModel: 32, numLayers: 2, numHeads: 4, dKv: 8 });
    expect([config.hiddenSize, config.numHiddenLayers, config.numAttentionHeads, config.headDim]).toEqual([
      32, 2, 4, 8,
    ]);
    expect(T5Config.fromJSON({ hidden_size: 32, d_model: 32 }).dModel).toBe(32);
    expect(() => T5Config.fromJSON({ hidden_size: 32, d_model: 64 })).toThrow(
      "`dModel` of the t5 configuration has two names here and two values: the number 32 and the number 64.",
    );
  });

  it("read what older files call otherwise", () => {
    const llama = LlamaConfig.fromJSON({ torch_dtype: "float16", rope_theta: 5000, rope_scaling: null });
    expect(llama).toMatchObject({
      dtype: "float16",
      ropeParameters: { rope_theta: 5000, rope_type: "default" },
    });
    expect(llama.extra).toEqual({});
    expect(llama.toJSON()).not.toHaveProperty("rope_theta");
  });

  it("refuse what T5 has no layer for", () => {
    expect(() => new T5Config({ feedForwardProj: "doubly-gated-gelu" })).toThrow(
      "an activation, or `gated-`",
    );
  });
});

describe("InstructBlipConfig", () => {
  it("without fields has OPT as language model and 32 queries", () => {
    const config = new InstructBlipConfig();
    expect(config.textConfig).toBeInstanceOf(OPTConfig);
    expect(config.numQueryTokens).toBe(32);
    expect(config.useDecoderOnlyLanguageModel).toBe(true);
    expect(InstructBlipConfig.fromJSON({ vision_config: null, text_config: null })).toEqual(config);
  });

  it("takes parts as configurations or as fields", () => {
    const visionConfig = new InstructBlipVisionConfig({ hiddenSize: 64 });
    const config = new InstructBlipConfig({
      visionConfig,
      qformerConfig: { numHiddenLayers: 2, some_key: 1 },
      textConfig: { modelType: "t5", dModel: 32 },
    });
    expect(config.visionConfig).toBe(visionConfig);
    expect(config.qformerConfig).toMatchObject({ numHiddenLayers: 2, encoderHiddenSize: 64 });
    expect(config.qformerConfig.extra).toEqual({ some_key: 1 });
    expect(config.textConfig).toMatchObject({ modelType: "t5", dModel: 32 });
    expect(config.useDecoderOnlyLanguageModel).toBe(false);
  });

  it("takes parts as dictionaries of transformers", () => {
    const config = new InstructBlipConfig({
      visionConfig: { hidden_size: 64, other_key: 1 },
      textConfig: JSON.parse('{"model_type": "llama", "hidden_size": 32, "num_attention_heads": 2}'),
    });
    expect(config.visionConfig).toMatchObject({ hiddenSize: 64 });
    expect(config.visionConfig.extra).toEqual({ other_key: 1 });
    expect(config.textConfig).toMatchObject({ modelType: "llama", hiddenSize: 32, headDim: 16 });
    expect(new InstructBlipConfig({ textConfig: { model_type: "t5", dModel: 8 } }).textConfig).toMatchObject({
      dModel: 8,
    });
  });

  it("narrows the language model's type by its name", () => {
    const { textConfig } = new InstructBlipConfig({ textConfig: new T5Config() });
    if (textConfig.modelType === "t5") expectTypeOf(textConfig).toEqualTypeOf<T5Config>();
    expectTypeOf(textConfig).toEqualTypeOf<TextConfig>();
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

  it("answers the documentation's wrong name with the right one", () => {
    expect(() => InstructBlipConfig.fromTextVisionConfigs(new OPTConfig())).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringContaining("InstructBlipConfig.fromVisionQformerTextConfigs"),
      }),
    );
  });

  it("refuses a language model that no worker runs, naming those there are", () => {
    expect(() => InstructBlipConfig.fromJSON({ text_config: { model_type: "gpt2" } })).toThrow(
      'There is no language model "gpt2" here, only t5, llama, opt.',
    );
  });

  it.each<[string, () => unknown, string, string]>([
    [
      "a fraction of queries",
      () => new InstructBlipConfig({ numQueryTokens: 1.5 }),
      "numQueryTokens",
      "1.5 was given",
    ],
    [
      "a number for a part",
      () => InstructBlipConfig.fromJSON({ vision_config: 3 }),
      "visionConfig",
      "an object",
    ],
    [
      "one part for another",
      () => new InstructBlipConfig({ visionConfig: new InstructBlipQFormerConfig() as never }),
      "visionConfig",
      "instructblip_vision_model, or an object of its fields and not of instructblip_qformer",
    ],
    [
      "another part's dictionary",
      () => InstructBlipConfig.fromJSON({ qformer_config: { model_type: "bert" } }),
      "qformerConfig.modelType",
      'must be "instructblip_qformer", but the string "bert" was given',
    ],
    [
      "a wrong field of a part",
      () => InstructBlipConfig.fromJSON({ vision_config: { patch_size: [14, 14] } }),
      "visionConfig.patchSize",
      "an array of 2 items was given",
    ],
    [
      "two spellings at once",
      () => new InstructBlipConfig({ visionConfig: { hiddenSize: 8, patch_size: 4 } }),
      "visionConfig.patch_size",
      "Write `patchSize` instead of `patch_size`",
    ],
    ["another model", () => InstructBlipConfig.fromJSON({ model_type: "blip-2" }), "modelType", "blip-2"],
  ])("refuses %s, and says where", (_, build, path, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", path }));
    expect(build).toThrow(message);
  });

  it.each(["tiny-shapes-t5", "tiny-shapes-llama"])("reads %s and writes all of it back", async (name) => {
    const config = await InstructBlipConfig.fromPretrained(name);
    expect(config.toJSON()).toMatchObject(file(name));
    expect(InstructBlipConfig.fromJSON(config.toJSON())).toEqual(config);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config.toJSON());
  });

  it("writes a file as transformers does: fractions as such, common defaults left out, keys in order", () => {
    const config = new InstructBlipConfig({
      textConfig: new LlamaConfig({ outputAttentions: true }),
      numQueryTokens: 1,
    });
    const text = config.toJSONString();
    expect(text).toContain('"initializer_factor": 1.0');
    expect(text).toContain('"attention_dropout": 0.0');
    expect(text).toContain('"rope_theta": 10000.0');
    expect(text).toContain('"num_query_tokens": 1,');
    expect(text.match(/output_attentions/g)).toHaveLength(1);
    expect(text).not.toContain("return_dict");
    expect(InstructBlipConfig.fromJSON(JSON.parse(text))).toEqual(config);
    const keys = Object.keys(JSON.parse(text));
    expect(keys).toEqual([...keys].sort());
  });

  it("keeps any unknown key through dictionary, text and back", () => {
    const known = new Set(Object.keys(new InstructBlipVisionConfig().toJSON()));
    const key = fc
      .stringMatching(/^[a-z_]{1,9}$/)
      .filter((name) => !known.has(name) && name !== "torch_dtype");
    const number = fc.double().map((value) => (Object.is(value, -0) ? 0 : value));
    const scalar = fc.oneof(number, fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
    const value = fc.oneof(scalar, fc.array(scalar), fc.dictionary(key, scalar));
    fc.assert(
      fc.property(fc.dictionary(key, value), (extra) => {
        const config = InstructBlipVisionConfig.fromJSON({ ...extra, hidden_size: 8 });
        expect(config.extra).toEqual(extra);
        expect(InstructBlipVisionConfig.fromJSON(JSON.parse(JSON.stringify(config)))).toEqual(config);
        expect(InstructBlipVisionConfig.fromJSON(JSON.parse(config.toJSONString())).extra).toEqual(extra);
      }),
    );
  });
});

describe("fromPretrained and savePretrained", () => {
  const assets = async () => ({
    hash: "h",
    files: { "config.json": await readFile("models/tiny-shapes-llama/config.json") },
  });
  const models = async () => [{ modelId: "small", source: "org/name" }] as never;

  it("write a file that every class reads its part of", async () => {
    const config = new InstructBlipConfig({
      visionConfig: { imageSize: 56 },
      qformerConfig: { vocabSize: 30 },
      textConfig: new T5Config({ dModel: 16 }),
    });
    const whole = join(folder, "a", "whole");
    await config.savePretrained(whole);
    expect(await InstructBlipConfig.fromPretrained(whole)).toEqual(config);
    expect(await InstructBlipConfig.fromPretrained(join(whole, "config.json"))).toEqual(config);
    expect(await InstructBlipVisionConfig.fromPretrained(whole)).toEqual(config.visionConfig);
    expect(await InstructBlipQFormerConfig.fromPretrained(whole)).toEqual(config.qformerConfig);
    expect(await T5Config.fromPretrained(whole)).toEqual(config.textConfig);
    await expect(LlamaConfig.fromPretrained(whole)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining('describes "instructblip" and has no part of type "llama"'),
    });
  });

  it("write and read a part alone", async () => {
    const part = join(folder, "part");
    for (const config of [new InstructBlipVisionConfig({ imageSize: 56 }), new OPTConfig()]) {
      await config.savePretrained(part);
      const Class = config.constructor as typeof OPTConfig;
      const read: unknown = await Class.fromPretrained(part);
      expect(read).toEqual(config);
    }
    await expect(InstructBlipConfig.fromPretrained(part)).rejects.toThrow('describes "opt"');
  });

  it("read what a pool serves", async () => {
    const asked: unknown[] = [];
    const pool = {
      models,
      assets: (modelId?: string) => {
        asked.push(modelId);
        return assets();
      },
    };
    const config = await InstructBlipConfig.fromPretrained("org/name", { pool });
    expect(config.toJSON()).toMatchObject(file("tiny-shapes-llama"));
    expect(await InstructBlipVisionConfig.fromPretrained("small", { pool })).toEqual(config.visionConfig);
    expect(await LlamaConfig.fromPretrained({ pool, modelId: "m" })).toEqual(config.textConfig);
    expect(asked).toEqual(["small", "small", "m"]);
    await expect(InstructBlipConfig.fromPretrained("other", { pool })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
    await expect(InstructBlipConfig.fromPretrained({ pool: {} } as never)).rejects.toThrow("a bundled name");
    const empty = { models, assets: async () => ({ hash: "h", files: {} }) };
    await expect(InstructBlipConfig.fromPretrained("small", { pool: empty })).rejects.toThrow("is missing");
  });

  it("say which checkpoints are bundled when there is none", async () => {
    expect(await bundledCheckpoints()).toEqual(["tiny-shapes-llama", "tiny-shapes-t5"]);
    await expect(InstructBlipConfig.fromPretrained("nowhere/at-all")).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("tiny-shapes-llama, tiny-shapes-t5"),
    });
  });

  it("refuse a file that is damaged, and a folder that is a file", async () => {
    const damaged = join(folder, "damaged.json");
    await writeFile(damaged, "{");
    await expect(InstructBlipConfig.fromPretrained(damaged)).rejects.toThrow("config.json is no JSON");
    await writeFile(damaged, "[]");
    await expect(InstructBlipConfig.fromPretrained(damaged)).rejects.toThrow("is no object");
    await expect(new OPTConfig().savePretrained(damaged)).rejects.toThrow("a folder and not a file");
  });
});
