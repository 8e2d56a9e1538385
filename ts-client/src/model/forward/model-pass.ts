import type { InstructBlipConfig, TextConfig } from "../../config/index.ts";
import type { ModelInfo } from "../../engine/index.ts";
import { invalidArgument } from "../../errors/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { configOf, FEATURE_FIELDS, type FeatureInputs, featureInputs } from "./feature-pass.ts";
import { modelOutputs } from "./output-names.ts";
import type { Pass } from "./run-pass.ts";
import {
  checkIds,
  checkMask,
  checkTensor,
  type Embeddings,
  FRACTIONS,
  type Ids,
  type Mask,
  shown,
} from "./tensor-checks.ts";

/** What the whole model takes: what the processor makes, and what training code adds to it. */
export interface ForwardInputs extends FeatureInputs {
  /** The prompt, without placeholders for the picture: [rows, tokens], padded on either side, for T5 on the right. */
  readonly inputIds?: Ids | undefined;
  /** Embeddings in place of `inputIds`: [rows, tokens, width of the language model]. */
  readonly inputsEmbeds?: Embeddings | undefined;
  /** 1 for a token of the prompt, 0 for padding. @default all 1 */
  readonly attentionMask?: Mask | undefined;
  /** T5's decoder tokens: [rows, decoder tokens]. @default `labels`, each moved on by one */
  readonly decoderInputIds?: Ids | undefined;
  /** 1 for a decoder token, 0 for padding. @default all 1 */
  readonly decoderAttentionMask?: Mask | undefined;
  /**
   * What should have come out: [rows, tokens], -100 where it does not matter. For LLaMA and OPT they stand at the last
   * positions of picture and prompt, and the model moves them on by one; for T5 they are the decoder's tokens.
   */
  readonly labels?: Ids | undefined;
}

/** Names of {@link ForwardInputs}. */
export const FORWARD_FIELDS = [
  ...FEATURE_FIELDS,
  "inputIds",
  "inputsEmbeds",
  "attentionMask",
  "decoderInputIds",
  "decoderAttentionMask",
  "labels",
] as const satisfies (keyof ForwardInputs)[];

type Fields = Readonly<Record<string, unknown>>;
type Tensors = Record<string, Tensor>;
/** Left out of the loss. */
const IGNORED = -100;

/** Checks a pass through the whole model. @throws INVALID_ARGUMENT naming the field */
export function modelPass(
  fields: Fields,
  config: InstructBlipConfig,
  info: Pick<ModelInfo, "vocabSize" | "contextLength">,
): Pass {
  const { interpolate, rows, tensors } = featureInputs(fields, config);
  const prompt = promptInputs(fields, rows, config, info.vocabSize);
  const length = config.numQueryTokens + prompt.length;
  if (info.contextLength !== undefined && length > info.contextLength) {
    const most = info.contextLength - config.numQueryTokens;
    const name = fields.inputIds === undefined ? "inputsEmbeds" : "inputIds";
    throw invalidArgument(
      name,
      `of at most ${most} tokens beside the picture's ${config.numQueryTokens}`,
      prompt.length,
    );
  }
  const targets =
    config.textConfig.modelType === "t5"
      ? decoderInputs(fields, rows, info.vocabSize)
      : labelsAlone(fields, rows, length, info.vocabSize, config.textConfig);
  return {
    op: "forward",
    inputs: { ...tensors, ...prompt.tensors, ...targets },
    interpolate,
    names: modelOutputs(config.textConfig),
    needs: fields.labels === undefined ? { loss: "labels" } : {},
    configOf: (part) => configOf(part, config),
  };
}

/** The language model's prompt, as ids or as embeddings. */
function promptInputs(
  fields: Fields,
  rows: number,
  { textConfig: text, imageTokenIndex }: InstructBlipConfig,
  vocabulary: number,
): { readonly length: number; readonly tensors: Tensors } {
  const { inputIds, inputsEmbeds, attentionMask } = fields;
  if (inputIds !== undefined && inputsEmbeds !== undefined) {
    throw invalidArgument("inputsEmbeds", "left out with `inputIds`", shown(inputsEmbeds));
  }
  const width = text.modelType === "t5" ? text.dModel : text.hiddenSize;
  const [name, tensor] =
    inputsEmbeds === undefined
      ? ["input_ids", checkIds("inputIds", inputIds, [rows, "tokens"], vocabulary)]
      : ["inputs_embeds", checkTensor("inputsEmbeds", inputsEmbeds, FRACTIONS, [rows, "tokens", width])];
  if (imageTokenIndex !== null) refusePlaceholders(tensor, imageTokenIndex);
  const length = tensor.shape[1] ?? 0;
  const mask =
    attentionMask === undefined ? undefined : checkMask("attentionMask", attentionMask, [rows, length]);
  return { length, tensors: { [name]: tensor, ...(mask && { attention_mask: mask }) } };
}

/** transformers 5's processor puts these ids where the queries go; here they would be read as text. */
function refusePlaceholders({ dtype, data }: Tensor, placeholder: number): void {
  if (dtype !== "int64" && dtype !== "int32") return;
  if (!Array.from<number | bigint>(data).some((id) => Number(id) === placeholder)) return;
  const remedy = "The model itself puts the picture before the prompt: use this package's processor.";
  throw invalidArgument("inputIds", "without placeholders for the picture", placeholder, remedy);
}

/** What T5's decoder is given. */
function decoderInputs(fields: Fields, rows: number, vocabulary: number): Tensors {
  const { decoderInputIds, decoderAttentionMask, labels } = fields;
  if (decoderInputIds === undefined && labels === undefined) {
    const remedy = "T5's decoder begins with `model.info.startTokenId`.";
    throw invalidArgument("decoderInputIds", "given where there are no `labels`", undefined, remedy);
  }
  const wanted = labels === undefined ? undefined : checkLabels(labels, [rows, "tokens"], vocabulary);
  const ids =
    decoderInputIds === undefined
      ? undefined
      : checkIds("decoderInputIds", decoderInputIds, [rows, wanted?.shape[1] ?? "tokens"], vocabulary);
  const length = (ids ?? wanted)?.shape[1] ?? 0;
  return {
    ...(wanted && { labels: wanted }),
    ...(ids && { decoder_input_ids: ids }),
    ...(decoderAttentionMask !== undefined && {
      decoder_attention_mask: checkMask("decoderAttentionMask", decoderAttentionMask, [rows, length]),
    }),
  };
}

/** What a model without a decoder of its own is given beside its prompt. */
function labelsAlone(
  fields: Fields,
  rows: number,
  length: number,
  vocabulary: number,
  text: TextConfig,
): Tensors {
  for (const name of ["decoderInputIds", "decoderAttentionMask"] as const) {
    if (fields[name] === undefined) continue;
    const remedy = `The language model is ${text.modelType}, which goes on from \`inputIds\`.`;
    throw invalidArgument(name, "left out without an encoder and a decoder", shown(fields[name]), remedy);
  }
  if (fields.labels === undefined) return {};
  const labels = checkLabels(fields.labels, [rows, "tokens"], vocabulary);
  const tokens = labels.shape[1] ?? 0;
  if (tokens <= length) return { labels };
  throw invalidArgument("labels", `of at most ${length} tokens, as many as picture and prompt have`, tokens);
}

function checkLabels(labels: unknown, shape: readonly [number, string], vocabulary: number): Ids {
  return checkIds("labels", labels, shape, vocabulary, [IGNORED]);
}
