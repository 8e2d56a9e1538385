import type { Tensor } from "../tensor/index.ts";
import type { PixelValues } from "./pixel-values.ts";

/** What the processor makes of texts. */
export interface TextFeature {
  /** The prompt for the language model: int64 [texts, length]. */
  readonly inputIds: Tensor<"int64">;
  /** int64 [texts, length]: 1 for a token of the prompt, 0 for padding. */
  readonly attentionMask: Tensor<"int64">;
  /** The instruction for the Q-Former: int64 [texts, length], padded on the right. */
  readonly qformerInputIds: Tensor<"int64">;
  /** int64 [texts, length]: 1 for a token of the instruction, 0 for padding. */
  readonly qformerAttentionMask: Tensor<"int64">;
}

/** What the processor makes of pictures and texts: the inputs of `generate` and `forward`. */
export interface BatchFeature extends TextFeature {
  /** float32 [images, 3, height, width]. */
  readonly pixelValues: PixelValues;
}
