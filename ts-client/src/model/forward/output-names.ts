import { snakeCase } from "../../config/config-spec.ts";
import type { TextConfig } from "../../config/index.ts";
import type { OutputName } from "./output-types.ts";
import type {
  FeatureTensors,
  LanguageModelTensors,
  ModelTensors,
  QFormerTensors,
  VisionTensors,
} from "./tensors.ts";

type Names<T> = readonly OutputName<T>[];

// All in the order of transformers' tuples.

export const VISION_OUTPUTS = [
  "lastHiddenState",
  "poolerOutput",
  "hiddenStates",
  "attentions",
] as const satisfies Names<VisionTensors>;

export const QFORMER_OUTPUTS = [
  ...VISION_OUTPUTS,
  "crossAttentions",
] as const satisfies Names<QFormerTensors>;

const DECODER_OUTPUTS = [
  "logits",
  "hiddenStates",
  "attentions",
] as const satisfies Names<LanguageModelTensors>;

const ENCODER_DECODER_OUTPUTS = [
  "logits",
  "decoderHiddenStates",
  "decoderAttentions",
  "crossAttentions",
  "encoderLastHiddenState",
  "encoderHiddenStates",
  "encoderAttentions",
] as const satisfies Names<LanguageModelTensors>;

const ENCODERS = [...within("visionOutputs", VISION_OUTPUTS), ...within("qformerOutputs", QFORMER_OUTPUTS)];

export const FEATURE_OUTPUTS: Names<FeatureTensors> = ["poolerOutput", ...ENCODERS];

/** The tensors of a whole model with this language model. */
export function modelOutputs({ modelType }: Pick<TextConfig, "modelType">): Names<ModelTensors> {
  const own = modelType === "t5" ? ENCODER_DECODER_OUTPUTS : DECODER_OUTPUTS;
  return ["loss", "logits", ...ENCODERS, ...within("languageModelOutputs", own)];
}

/** Whether a tensor comes with `outputHiddenStates` only. */
export function isOfEveryLayer(name: string): boolean {
  return /hiddenStates$/i.test(name);
}

/** Whether a tensor comes with `outputAttentions` only. */
export function isAttention(name: string): boolean {
  return /attentions$/i.test(name);
}

/** The part that a tensor belongs to; undefined for the model's own. */
export function partOf(name: string): string | undefined {
  return name.includes(".") ? name.slice(0, name.indexOf(".")) : undefined;
}

/** A tensor's name on the wire. */
export function wireName(name: string): string {
  // One tensor under two names travels once.
  return name === "languageModelOutputs.logits" ? "logits" : snakeCase(name);
}

function within<P extends string, N extends string>(part: P, names: readonly N[]): `${P}.${N}`[] {
  return names.map((name) => `${part}.${name}` as const);
}
