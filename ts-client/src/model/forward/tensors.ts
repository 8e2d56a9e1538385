import type { Tensor } from "../../tensor/index.ts";

/** Types in which tensors of a pass may travel. */
export type OutputDType = "float32" | "float16" | "bfloat16";

/**
 * What the vision model computes. Positions are the class token and then the patches, row by row: 257 for a picture
 * of 224×224 in patches of 14×14.
 */
export interface VisionTensors<D extends OutputDType = "float32"> {
  /** The last layer's states, normalised: [pictures, positions, width]. */
  readonly lastHiddenState: Tensor<D>;
  /** The class token's state, normalised once more: [pictures, width]. */
  readonly poolerOutput: Tensor<D>;
  /** The embeddings, then every layer's states: [layers + 1, pictures, positions, width]. `slice(-1)` is the last layer's. */
  readonly hiddenStates: Tensor<D>;
  /** Who looks at whom, after the softmax: [layers, pictures, heads, positions, positions]. */
  readonly attentions: Tensor<D>;
}

/** What the Q-Former computes. Positions are the queries and then the instruction's tokens. */
export interface QFormerTensors<D extends OutputDType = "float32"> {
  /** The last layer's states: [rows, positions, width]. */
  readonly lastHiddenState: Tensor<D>;
  /** The first position's state: [rows, width]. */
  readonly poolerOutput: Tensor<D>;
  /** The embeddings, then every layer's states: [layers + 1, rows, positions, width]. `slice(-1)` is the last layer's. */
  readonly hiddenStates: Tensor<D>;
  /** The self-attention of every layer: [layers, rows, heads, positions, positions]. */
  readonly attentions: Tensor<D>;
  /** [layers that look at the picture, rows, heads, queries, the picture's positions]. */
  readonly crossAttentions: Tensor<D>;
}

/** What the language model computes. Its prompt is the picture's queries and then the text. */
export interface LanguageModelTensors<D extends OutputDType = "float32"> {
  /** The same tensor as the whole model's `logits`. */
  readonly logits: Tensor<D>;
  /** LLaMA and OPT: [layers + 1, rows, prompt, width]: the embeddings, then every layer's states. */
  readonly hiddenStates: Tensor<D>;
  /** LLaMA and OPT: [layers, rows, heads, prompt, prompt]. */
  readonly attentions: Tensor<D>;
  /** T5: [decoder layers + 1, rows, decoder tokens, width]. */
  readonly decoderHiddenStates: Tensor<D>;
  /** T5: [decoder layers, rows, heads, decoder tokens, decoder tokens]. */
  readonly decoderAttentions: Tensor<D>;
  /** T5: [decoder layers, rows, heads, decoder tokens, prompt]. */
  readonly crossAttentions: Tensor<D>;
  /** T5: [rows, prompt, width]. */
  readonly encoderLastHiddenState: Tensor<D>;
  /** T5: [encoder layers + 1, rows, prompt, width]. */
  readonly encoderHiddenStates: Tensor<D>;
  /** T5: [encoder layers, rows, heads, prompt, prompt]. */
  readonly encoderAttentions: Tensor<D>;
}

/** What all that comes before the language model computes. */
export interface FeatureTensors<D extends OutputDType = "float32"> {
  /** What the language model is told of the picture: [rows, queries, width of the language model]. */
  readonly poolerOutput: Tensor<D>;
  readonly visionOutputs: VisionTensors<D>;
  readonly qformerOutputs: QFormerTensors<D>;
}

/** What the whole model computes. */
export interface ModelTensors<D extends OutputDType = "float32"> {
  /** A scalar: the mean cross-entropy of `labels`, those of -100 left out. */
  readonly loss: Tensor<D>;
  /**
   * Scores of the next token: [rows, queries + prompt tokens, vocabulary] of LLaMA and OPT, cut to the last positions as
   * long as `labels` where those are given; [rows, decoder tokens, vocabulary] of T5.
   */
  readonly logits: Tensor<D>;
  readonly visionOutputs: VisionTensors<D>;
  readonly qformerOutputs: QFormerTensors<D>;
  readonly languageModelOutputs: LanguageModelTensors<D>;
}
