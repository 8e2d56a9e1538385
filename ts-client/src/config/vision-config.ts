import { z } from "zod";
import { configSpec, epsilon, rate, type Shape, size, spread } from "./config-spec.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";

const shape = {
  hiddenSize: size.default(1408),
  intermediateSize: size.default(6144),
  numHiddenLayers: size.default(39),
  numAttentionHeads: size.default(16),
  imageSize: size.default(224),
  patchSize: size.default(14),
  hiddenAct: z.string().default("gelu"),
  layerNormEps: epsilon.default(1e-6),
  attentionDropout: rate.default(0),
  initializerRange: spread.default(1e-10),
  qkvBias: z.boolean().default(true),
} satisfies Shape<InstructBlipVisionConfig>;

/**
 * The vision encoder's configuration; without fields, the one of the published checkpoints (EVA ViT-g/14).
 *
 * @example
 * const config = new InstructBlipVisionConfig({ imageSize: 364 });
 * console.log(config.numHiddenLayers); // 39
 */
export class InstructBlipVisionConfig extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "instructblip_vision_model",
    partOf: "vision_config",
    shape,
  });
  declare readonly modelType: "instructblip_vision_model";
  /** Width of the encoder's layers and of the features it gives. @default 1408 */
  declare readonly hiddenSize: number;
  /** Width inside the feed-forward layers. @default 6144 */
  declare readonly intermediateSize: number;
  /** Layers of the encoder. @default 39 */
  declare readonly numHiddenLayers: number;
  /** Attention heads of each layer; they share `hiddenSize` evenly. @default 16 */
  declare readonly numAttentionHeads: number;
  /** Pictures are squares of this side. @unit pixels @default 224 */
  declare readonly imageSize: number;
  /** Patches are squares of this side; a picture has `(imageSize / patchSize)²`. @unit pixels @default 14 */
  declare readonly patchSize: number;
  /** Activation of the feed-forward layers: `gelu`, `relu`, `selu`, `gelu_new`, … @default "gelu" */
  declare readonly hiddenAct: string;
  /** Added to the variance in layer normalisation. @default 1e-6 */
  declare readonly layerNormEps: number;
  /** Share of attention weights that training drops. @default 0 */
  declare readonly attentionDropout: number;
  /** Standard deviation of freshly made weights. @default 1e-10 */
  declare readonly initializerRange: number;
  /** Whether queries and values of the self-attention have a bias. @default true */
  declare readonly qkvBias: boolean;

  /** @throws CONFIG_INVALID naming the field */
  constructor(fields: ConfigFields<InstructBlipVisionConfig> = {}) {
    super(fields);
  }
}
