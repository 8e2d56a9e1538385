import { z } from "zod";
import { configSpec, eosTokenId, rate, type Shape, size, spread, tokenId } from "./config-spec.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";

const shape = {
  vocabSize: size.default(50272),
  hiddenSize: size.default(768),
  numHiddenLayers: size.default(12),
  ffnDim: size.default(3072),
  maxPositionEmbeddings: size.default(2048),
  doLayerNormBefore: z.boolean().default(true),
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
} satisfies Shape<OPTConfig>;

/** OPT's configuration, with transformers' defaults (125M): the language model when none is named. */
export class OPTConfig extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "opt",
    shape,
    derive: (fields) => ({ ...fields, wordEmbedProjDim: fields.wordEmbedProjDim ?? fields.hiddenSize }),
  });
  declare readonly modelType: "opt";
  /** Tokens of the vocabulary. @default 50272 */
  declare readonly vocabSize: number;
  /** Width of the layers. @default 768 */
  declare readonly hiddenSize: number;
  /** Layers. @default 12 */
  declare readonly numHiddenLayers: number;
  /** Width inside the feed-forward layers. @default 3072 */
  declare readonly ffnDim: number;
  /** Longest sequence: queries, prompt and answer. @unit tokens @default 2048 */
  declare readonly maxPositionEmbeddings: number;
  /** Whether layers normalise before attention; OPT of 350M does after. @default true */
  declare readonly doLayerNormBefore: boolean;
  /** Width of the token embeddings, projected to `hiddenSize` where it differs. @default `hiddenSize` */
  declare readonly wordEmbedProjDim: number;
  /** Share of hidden values that training drops. @default 0.1 */
  declare readonly dropout: number;
  /** Share of attention weights that training drops. @default 0 */
  declare readonly attentionDropout: number;
  /** Attention heads of each layer; they share `hiddenSize` evenly. @default 12 */
  declare readonly numAttentionHeads: number;
  /** Activation of the feed-forward layers. @default "relu" */
  declare readonly activationFunction: string;
  /** Share of layers that training skips. @default 0 */
  declare readonly layerdrop: number;
  /** Standard deviation of freshly made weights. @default 0.02 */
  declare readonly initStd: number;
  /** Whether decoding keeps keys and values between steps. @default true */
  declare readonly useCache: boolean;
  /** Token that pads prompts. @default 1 */
  declare readonly padTokenId: number | null;
  /** Token that starts a prompt. @default 2 */
  declare readonly bosTokenId: number | null;
  /** Token or tokens that end an answer. @default 2 */
  declare readonly eosTokenId: number | readonly number[] | null;
  /** Whether linear layers have a bias. @default true */
  declare readonly enableBias: boolean;
  /** Whether layer normalisations have weights. @default true */
  declare readonly layerNormElementwiseAffine: boolean;
  /** Whether the head shares the embeddings' weights. @default true */
  declare readonly tieWordEmbeddings: boolean;

  /** @throws CONFIG_INVALID naming the field */
  constructor(fields: ConfigFields<OPTConfig> = {}) {
    super(fields);
  }
}
