import { invalidArgument } from "../errors/index.ts";
import type { PaddedIds, PadOptions, Tokenizer } from "../tokenizer/index.ts";
import type { TextFeature } from "./batch-feature.ts";
import { pads, type TextOptions, toTexts, truncates } from "./call-options.ts";

/** Position embeddings of the Q-Former: it can read no more tokens. */
export const QFORMER_MAX_TOKENS = 512;

/** The two tokenizers of a processor. */
export interface Tokenizers {
  readonly tokenizer: Tokenizer;
  readonly qformerTokenizer: Tokenizer;
}

/**
 * Tokenises the texts of a call for both models.
 *
 * @param images - how many pictures there are; undefined without pictures
 */
export function encodeTexts(
  tokenizers: Tokenizers,
  options: TextOptions,
  images: number | undefined,
): TextFeature {
  const { text = "", qformerText = text } = options;
  const asked = Array.isArray(text) ? text : Array.isArray(qformerText) ? qformerText : undefined;
  const count = asked?.length ?? images ?? 1;
  const texts = toTexts(text, "text", count);
  const instructions = toTexts(qformerText, "qformerText", count);
  if (instructions.length !== texts.length) {
    throw invalidArgument("qformerText", `${texts.length} strings, one for each text`, instructions);
  }
  if (images !== undefined && images !== 1 && texts.length !== images) {
    const remedy = "Give one text for each picture, one string for all of them, or several for one picture.";
    throw invalidArgument("text", `${images} strings for ${images} pictures`, texts, remedy);
  }
  const { tokenizer, qformerTokenizer } = tokenizers;
  const lengths = promptLengths(tokenizer, options);
  checkMultiple(lengths, options);
  const prompt = encode(tokenizer, texts, lengths, options);
  const instruction = encode(qformerTokenizer, instructions, instructionLengths(options), {
    ...options,
    paddingSide: "right",
  });
  return {
    inputIds: prompt.inputIds,
    attentionMask: prompt.attentionMask,
    qformerInputIds: instruction.inputIds,
    qformerAttentionMask: instruction.attentionMask,
  };
}

/** To how many tokens texts are cut and padded; undefined for not at all. */
interface Lengths {
  readonly cut: number | undefined;
  readonly pad: number | undefined;
}

function promptLengths(tokenizer: Tokenizer, options: TextOptions): Lengths {
  const length = options.maxLength ?? tokenizer.modelMaxLength;
  const [cuts, fills] = [truncates(options), options.padding === "max_length"];
  if (length === undefined && (cuts || fills)) {
    throw invalidArgument("maxLength", "given: this tokenizer has no limit of its own", options.maxLength);
  }
  return { cut: cuts ? length : undefined, pad: fills ? length : undefined };
}

function instructionLengths(options: TextOptions): Lengths {
  const length = Math.min(options.maxLength ?? QFORMER_MAX_TOKENS, QFORMER_MAX_TOKENS);
  return {
    cut: truncates(options) ? length : QFORMER_MAX_TOKENS,
    pad: options.padding === "max_length" ? length : undefined,
  };
}

function checkMultiple({ cut }: Lengths, options: TextOptions): void {
  const { padding = true, padToMultipleOf = 1 } = options;
  if (cut === undefined || !pads(padding) || cut % padToMultipleOf === 0) return;
  throw invalidArgument("padToMultipleOf", `a divisor of ${cut}, to which texts are cut`, padToMultipleOf);
}

function encode(
  tokenizer: Tokenizer,
  texts: readonly string[],
  lengths: Lengths,
  { padding = true, paddingSide, padToMultipleOf, addSpecialTokens }: TextOptions,
): PaddedIds {
  const pad: PadOptions = {
    padding: pads(padding),
    ...(lengths.pad === undefined ? {} : { padTo: lengths.pad }),
    ...(lengths.cut === undefined ? {} : { maxLength: lengths.cut }),
    ...(paddingSide === undefined ? {} : { paddingSide }),
    ...(padToMultipleOf === undefined ? {} : { padToMultipleOf }),
    ...(addSpecialTokens === undefined ? {} : { addSpecialTokens }),
  };
  return tokenizer.encodeBatch(texts, pad);
}
