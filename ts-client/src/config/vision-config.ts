import { z } from "zod";
import { configClass } from "./config-class.ts";
import { epsilon, rate, size, spread } from "./fields.ts";

/** The vision encoder's configuration; without fields, the one of the published checkpoints (EVA ViT-g/14). */
export const InstructBlipVisionConfig = configClass("instructblip_vision_model", {
  /** Width of the encoder's layers. @default 1408 */
  hiddenSize: size.default(1408),
  /** Width inside the feed-forward layers. @default 6144 */
  intermediateSize: size.default(6144),
  /** @default 39 */
  numHiddenLayers: size.default(39),
  /** @default 16 */
  numAttentionHeads: size.default(16),
  /** Pictures are squares of this side. @unit pixels @default 224 */
  imageSize: size.default(224),
  /** Patches are squares of this side. @unit pixels @default 14 */
  patchSize: size.default(14),
  /** Activation of the feed-forward layers. @default "gelu" */
  hiddenAct: z.string().default("gelu"),
  /** @default 1e-6 */
  layerNormEps: epsilon.default(1e-6),
  /** @default 0 */
  attentionDropout: rate.default(0),
  /** Spread of freshly made weights. @default 1e-10 */
  initializerRange: spread.default(1e-10),
  /** Whether queries and values have a bias. @default true */
  qkvBias: z.boolean().default(true),
});
export type InstructBlipVisionConfig = InstanceType<typeof InstructBlipVisionConfig>;
