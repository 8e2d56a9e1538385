import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import { configSpec, epsilon, rate, type Shape, size, spread, tokenId } from "./config-spec.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";

/** Position embeddings of transformers 4 that transformers 5 has no code for. */
const REMOVED = ["relative_key", "relative_key_query"];

const shape = {
  vocabSize: size.default(30522),
  hiddenSize: size.default(768),
  numHiddenLayers: size.default(12),
  numAttentionHeads: size.default(12),
  intermediateSize: size.default(3072),
  hiddenAct: z.string().default("gelu"),
  hiddenDropoutProb: rate.default(0.1),
  attentionProbsDropoutProb: rate.default(0.1),
  maxPositionEmbeddings: size.default(512),
  initializerRange: spread.default(0.02),
  layerNormEps: epsilon.default(1e-12),
  padTokenId: tokenId.default(0),
  positionEmbeddingType: z.unknown().transform(refuseRemoved).pipe(z.literal("absolute")).default("absolute"),
  crossAttentionFrequency: size.default(2),
  encoderHiddenSize: size.default(1408),
} satisfies Shape<InstructBlipQFormerConfig>;

/**
 * The Q-Former's configuration; without fields, a BERT of base size whose every other layer looks at the picture.
 *
 * @example
 * const config = new InstructBlipQFormerConfig({ vocabSize: 30523 });
 * console.log(config.maxPositionEmbeddings); // 512
 */
export class InstructBlipQFormerConfig extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "instructblip_qformer",
    partOf: "qformer_config",
    shape,
  });
  declare readonly modelType: "instructblip_qformer";
  /** Tokens of the instruction's vocabulary; the published checkpoints have 30523. @default 30522 */
  declare readonly vocabSize: number;
  /** Width of the layers and of the queries. @default 768 */
  declare readonly hiddenSize: number;
  /** Layers. @default 12 */
  declare readonly numHiddenLayers: number;
  /** Attention heads of each layer; they share `hiddenSize` evenly. @default 12 */
  declare readonly numAttentionHeads: number;
  /** Width inside the feed-forward layers, of which queries and text have their own. @default 3072 */
  declare readonly intermediateSize: number;
  /** Activation of the feed-forward layers: `gelu`, `relu`, `silu`, `gelu_new`, … @default "gelu" */
  declare readonly hiddenAct: string;
  /** Share of hidden values that training drops. @default 0.1 */
  declare readonly hiddenDropoutProb: number;
  /** Share of attention weights that training drops. @default 0.1 */
  declare readonly attentionProbsDropoutProb: number;
  /** Longest instruction. @unit tokens @default 512 */
  declare readonly maxPositionEmbeddings: number;
  /** Standard deviation of freshly made weights. @default 0.02 */
  declare readonly initializerRange: number;
  /** Added to the variance in layer normalisation. @default 1e-12 */
  declare readonly layerNormEps: number;
  /** Token that pads instructions. @default 0 */
  declare readonly padTokenId: number | null;
  /**
   * How a token's place is told. The relative kinds of transformers 4, `relative_key` and `relative_key_query`,
   * are refused with `UNSUPPORTED`: transformers 5 has no code for them.
   * @default "absolute"
   */
  declare readonly positionEmbeddingType: "absolute";
  /** Queries look at the picture in every so many-th layer, the first among them. @default 2 */
  declare readonly crossAttentionFrequency: number;
  /** Width of the picture's features; {@link InstructBlipConfig} sets it to the vision encoder's. @default 1408 */
  declare readonly encoderHiddenSize: number;

  /** @throws CONFIG_INVALID naming the field; UNSUPPORTED for relative positions */
  constructor(fields: ConfigFields<InstructBlipQFormerConfig> = {}) {
    super(fields);
  }
}

/** transformers 5 takes these as keys without a meaning, and answers from absolute positions instead. */
function refuseRemoved(value: unknown): unknown {
  if (typeof value !== "string" || !REMOVED.includes(value)) return value;
  throw new InstructBlipError(
    "UNSUPPORTED",
    `The Q-Former's \`positionEmbeddingType\` cannot be "${value}": transformers 5 has no relative ` +
      'positions any more and would silently run with absolute ones. Use "absolute", as every published ' +
      "InstructBLIP checkpoint does.",
    { path: "positionEmbeddingType" },
  );
}
