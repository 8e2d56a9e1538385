import { z } from "zod";
import { configClass } from "./config-class.ts";
import { epsilon, rate, size, spread, tokenId } from "./fields.ts";

/** The Q-Former's configuration; without fields, a BERT of base size. */
export const InstructBlipQFormerConfig = configClass("instructblip_qformer", {
  /** Tokens of the instruction's vocabulary; the published checkpoints have 30523. @default 30522 */
  vocabSize: size.default(30522),
  /** @default 768 */
  hiddenSize: size.default(768),
  /** @default 12 */
  numHiddenLayers: size.default(12),
  /** @default 12 */
  numAttentionHeads: size.default(12),
  /** @default 3072 */
  intermediateSize: size.default(3072),
  /** @default "gelu" */
  hiddenAct: z.string().default("gelu"),
  /** @default 0.1 */
  hiddenDropoutProb: rate.default(0.1),
  /** @default 0.1 */
  attentionProbsDropoutProb: rate.default(0.1),
  /** Longest instruction. @unit tokens @default 512 */
  maxPositionEmbeddings: size.default(512),
  /** @default 0.02 */
  initializerRange: spread.default(0.02),
  /** @default 1e-12 */
  layerNormEps: epsilon.default(1e-12),
  /** @default 0 */
  padTokenId: tokenId.default(0),
  /** transformers 5 knows `absolute` only. @default "absolute" */
  positionEmbeddingType: z.enum(["absolute", "relative_key", "relative_key_query"]).default("absolute"),
  /** Every how many layers the queries look at the picture. @default 2 */
  crossAttentionFrequency: size.default(2),
  /** Width of the picture's features; {@link InstructBlipConfig} sets it to the vision encoder's. @default 1408 */
  encoderHiddenSize: size.default(1408),
});
export type InstructBlipQFormerConfig = InstanceType<typeof InstructBlipQFormerConfig>;
