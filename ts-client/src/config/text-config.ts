import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import { type ConfigJson, configClass } from "./config-class.ts";
import { eosTokenId, epsilon, rate, size, spread, tokenId } from "./fields.ts";

/** T5's configuration, with transformers' defaults (t5-small). */
export const T5Config = configClass(
  "t5",
  {
    vocabSize: size.default(32128),
    dModel: size.default(512),
    dKv: size.default(64),
    dFf: size.default(2048),
    numLayers: size.default(6),
    /** @default `numLayers` */
    numDecoderLayers: size.nullish(),
    numHeads: size.default(8),
    relativeAttentionNumBuckets: size.default(32),
    relativeAttentionMaxDistance: size.default(128),
    dropoutRate: rate.default(0.1),
    classifierDropout: rate.default(0),
    layerNormEpsilon: epsilon.default(1e-6),
    initializerFactor: spread.default(1),
    /** `relu`, or `gated-gelu` for T5 1.1 and Flan-T5. */
    feedForwardProj: z.string().default("relu"),
    isEncoderDecoder: z.boolean().default(true),
    useCache: z.boolean().default(true),
    padTokenId: tokenId.default(0),
    eosTokenId: eosTokenId.default(1),
    tieWordEmbeddings: z.boolean().default(true),
  },
  (fields) => ({ numDecoderLayers: fields.numDecoderLayers ?? fields.numLayers }),
);
export type T5Config = InstanceType<typeof T5Config>;

/** LLaMA's configuration, with transformers' defaults (7B). */
export const LlamaConfig = configClass(
  "llama",
  {
    vocabSize: size.default(32000),
    hiddenSize: size.default(4096),
    intermediateSize: size.default(11008),
    numHiddenLayers: size.default(32),
    numAttentionHeads: size.default(32),
    /** @default `numAttentionHeads` */
    numKeyValueHeads: size.nullish(),
    /** @default `hiddenSize / numAttentionHeads` */
    headDim: size.nullish(),
    hiddenAct: z.string().default("silu"),
    maxPositionEmbeddings: size.default(2048),
    initializerRange: rate.default(0.02),
    rmsNormEps: epsilon.default(1e-6),
    useCache: z.boolean().default(true),
    padTokenId: tokenId.default(null),
    bosTokenId: tokenId.default(1),
    eosTokenId: eosTokenId.default(2),
    pretrainingTp: z.int().nullable().default(1),
    tieWordEmbeddings: z.boolean().default(false),
    attentionBias: z.boolean().default(false),
    attentionDropout: rate.nullable().default(0),
    mlpBias: z.boolean().default(false),
  },
  (fields) => ({
    numKeyValueHeads: fields.numKeyValueHeads ?? fields.numAttentionHeads,
    headDim: fields.headDim ?? Math.floor(fields.hiddenSize / fields.numAttentionHeads),
  }),
);
export type LlamaConfig = InstanceType<typeof LlamaConfig>;

/** OPT's configuration, with transformers' defaults (125M): the language model when none is named. */
export const OPTConfig = configClass(
  "opt",
  {
    vocabSize: size.default(50272),
    hiddenSize: size.default(768),
    numHiddenLayers: size.default(12),
    ffnDim: size.default(3072),
    maxPositionEmbeddings: size.default(2048),
    doLayerNormBefore: z.boolean().default(true),
    /** @default `hiddenSize` */
    wordEmbedProjDim: size.nullish(),
    dropout: rate.default(0.1),
    attentionDropout: rate.default(0),
    numAttentionHeads: size.default(12),
    activationFunction: z.string().default("relu"),
    layerdrop: rate.default(0),
    initStd: spread.default(0.02),
    useCache: z.boolean().default(true),
    padTokenId: tokenId.default(1),
    bosTokenId: tokenId.default(2),
    eosTokenId: eosTokenId.default(2),
    enableBias: z.boolean().default(true),
    layerNormElementwiseAffine: z.boolean().default(true),
    tieWordEmbeddings: z.boolean().default(true),
  },
  (fields) => ({ wordEmbedProjDim: fields.wordEmbedProjDim ?? fields.hiddenSize }),
);
export type OPTConfig = InstanceType<typeof OPTConfig>;

/** A language model's configuration. */
export type TextConfig = T5Config | LlamaConfig | OPTConfig;

const TEXT_CONFIGS = { t5: T5Config, llama: LlamaConfig, opt: OPTConfig };

/** The language model's configuration from transformers' dictionary; its `model_type` says which. */
export function textConfigFromJSON(json: ConfigJson): TextConfig {
  return textConfigClass(json.model_type ?? "opt").fromJSON(json);
}

/** The class for a `model_type`. @throws UNSUPPORTED naming those there are */
export function textConfigClass(modelType: unknown): (typeof TEXT_CONFIGS)[keyof typeof TEXT_CONFIGS] {
  if (typeof modelType === "string" && Object.hasOwn(TEXT_CONFIGS, modelType)) {
    return TEXT_CONFIGS[modelType as keyof typeof TEXT_CONFIGS];
  }
  throw new InstructBlipError(
    "UNSUPPORTED",
    `There is no language model "${String(modelType)}" here, only ${Object.keys(TEXT_CONFIGS).join(", ")}.`,
    { path: "textConfig.modelType" },
  );
}
