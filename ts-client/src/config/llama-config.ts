import { z } from "zod";
import {
  type ConfigJson,
  configSpec,
  eosTokenId,
  epsilon,
  rate,
  type Shape,
  size,
  tokenId,
} from "./config-spec.ts";
import { isJsonValue } from "./json-value.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";

const dictionary = z.record(z.string(), z.unknown()).refine((value) => isJsonValue(value), "must be JSON");

const shape = {
  vocabSize: size.default(32000),
  hiddenSize: size.default(4096),
  intermediateSize: size.default(11008),
  numHiddenLayers: size.default(32),
  numAttentionHeads: size.default(32),
  numKeyValueHeads: size.nullish(),
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
  ropeParameters: dictionary.nullish(),
  ropeTheta: z.number().gt(0).nullish(),
  ropeScaling: dictionary.nullish(),
  attentionBias: z.boolean().default(false),
  attentionDropout: rate.nullable().default(0),
  mlpBias: z.boolean().default(false),
} satisfies Shape<LlamaConfig, never, "ropeTheta" | "ropeScaling">;

/** Kinds of rotary embedding that remember the length they were trained on. */
const KNOW_THEIR_LENGTH = ["llama3", "yarn", "longrope"];

/** LLaMA's configuration, with transformers' defaults (7B). */
export class LlamaConfig extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "llama",
    shape,
    fractionsWithin: ["rope_theta", "factor", "attention_factor"],
    derive: ({ ropeTheta, ropeScaling, ...fields }) => ({
      ...fields,
      numKeyValueHeads: fields.numKeyValueHeads ?? fields.numAttentionHeads,
      headDim: fields.headDim ?? Math.floor(fields.hiddenSize / fields.numAttentionHeads),
      ropeParameters: rope(
        ropeScaling ?? fields.ropeParameters ?? {},
        ropeTheta,
        fields.maxPositionEmbeddings,
      ),
    }),
  });
  declare readonly modelType: "llama";
  /** Tokens of the vocabulary. @default 32000 */
  declare readonly vocabSize: number;
  /** Width of the layers. @default 4096 */
  declare readonly hiddenSize: number;
  /** Width inside the feed-forward layers. @default 11008 */
  declare readonly intermediateSize: number;
  /** Layers. @default 32 */
  declare readonly numHiddenLayers: number;
  /** Attention heads of each layer. @default 32 */
  declare readonly numAttentionHeads: number;
  /** Heads that have keys and values of their own; the others share them. @default `numAttentionHeads` */
  declare readonly numKeyValueHeads: number;
  /** Width of each attention head. @default `hiddenSize / numAttentionHeads` */
  declare readonly headDim: number;
  /** Activation of the feed-forward layers. @default "silu" */
  declare readonly hiddenAct: string;
  /** Longest sequence: queries, prompt and answer. @unit tokens @default 2048 */
  declare readonly maxPositionEmbeddings: number;
  /** Standard deviation of freshly made weights. @default 0.02 */
  declare readonly initializerRange: number;
  /** Added to the mean square in RMS normalisation. @default 1e-6 */
  declare readonly rmsNormEps: number;
  /** Whether decoding keeps keys and values between steps. @default true */
  declare readonly useCache: boolean;
  /** Token that pads prompts. @default null */
  declare readonly padTokenId: number | null;
  /** Token that starts a prompt; the tokenizer's goes first, which is 2 for InstructBLIP's Vicuna. @default 1 */
  declare readonly bosTokenId: number | null;
  /** Token or tokens that end an answer. @default 2 */
  declare readonly eosTokenId: number | readonly number[] | null;
  /** Ranks of tensor parallelism in pretraining; without effect here. @default 1 */
  declare readonly pretrainingTp: number | null;
  /** Whether the head shares the embeddings' weights. @default false */
  declare readonly tieWordEmbeddings: boolean;
  /**
   * Rotary position embeddings, keys as in transformers: `rope_type`, `rope_theta`, and what the type takes.
   * The older `ropeTheta` and `ropeScaling` are read into it.
   * @default { rope_theta: 10000, rope_type: "default" }
   */
  declare readonly ropeParameters: Readonly<ConfigJson>;
  /** Whether attention's projections have a bias. @default false */
  declare readonly attentionBias: boolean;
  /** Share of attention weights that training drops. @default 0 */
  declare readonly attentionDropout: number | null;
  /** Whether the feed-forward layers have a bias. @default false */
  declare readonly mlpBias: boolean;

  /** @throws CONFIG_INVALID naming the field */
  constructor(fields: ConfigFields<LlamaConfig> & { readonly ropeTheta?: number } = {}) {
    super(fields);
  }
}

/** Fills rotary parameters in as transformers 5 does. */
function rope(given: ConfigJson, theta: number | null | undefined, length: number): ConfigJson {
  const type = given.rope_type ?? given.type ?? "default";
  const trained = KNOW_THEIR_LENGTH.includes(String(type)) && {
    original_max_position_embeddings: given.original_max_position_embeddings ?? length,
  };
  return { ...given, rope_theta: given.rope_theta ?? theta ?? 10_000, rope_type: type, ...trained };
}
