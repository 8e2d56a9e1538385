import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { nearMiss } from "../errors/near-miss.ts";
import { readSize } from "../image/config.ts";
import type { ImageInput, PictureSize } from "../image/index.ts";
import { MAX_TEXT_LENGTH } from "../tokenizer/index.ts";

/** How texts are tokenised and padded. */
export interface TextOptions {
  /**
   * The prompt, or one for each picture. A single string is asked about every picture; several strings about
   * one picture are several questions.
   * @default the empty prompt
   */
  readonly text?: string | readonly string[];
  /** The instruction for the Q-Former, where it is to differ from the prompt. @default `text` */
  readonly qformerText?: string | readonly string[];
  /**
   * `true` and `"longest"` pad to the longest text, `"max_length"` to `maxLength`; `false` and `"do_not_pad"` are
   * for texts that have equally many tokens, and an error for others.
   * @default true
   */
  readonly padding?: boolean | "longest" | "max_length" | "do_not_pad";
  /**
   * Cut texts off that are longer than `maxLength`; the checkpoint says at which end. The strings are transformers'
   * names for the same two choices.
   * @default false, or true with `maxLength` and no `padding`
   */
  readonly truncation?: boolean | "longest_first" | "only_first" | "do_not_truncate";
  /**
   * Most tokens of a text, special tokens included, for `truncation` and `padding: "max_length"`. It holds for
   * both models; the Q-Former never gets more than 512.
   * @unit tokens @default the tokenizer's own limit
   */
  readonly maxLength?: number;
  /** Rounds the length that texts are padded to up to a multiple of this. @unit tokens @default 1 */
  readonly padToMultipleOf?: number;
  /** Add the tokens that frame a text, such as `</s>`, for both models. @default true */
  readonly addSpecialTokens?: boolean;
  /** The side on which prompts are padded. @default left for LLaMA, right for T5 */
  readonly paddingSide?: "left" | "right";
}

/** What a processor is called with. */
export interface ProcessorInputs extends TextOptions {
  /** A picture or several. */
  readonly images?: ImageInput | readonly ImageInput[];
  /** The size to give pictures; models take other sizes than their own with `interpolatePosEncoding`. @default the checkpoint's */
  readonly size?: PictureSize;
  /**
   * Changes nothing, as results are tensors always; here for calls that come from Python. `toArray()` of a tensor
   * gives nested arrays.
   */
  readonly returnTensors?: "pt" | "np";
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Tokens that a text may have at most: four for each UTF-16 unit, as bytes. */
const MAX_LENGTH = 4 * MAX_TEXT_LENGTH;

const OPTIONS = [
  "images",
  "size",
  "text",
  "qformerText",
  "padding",
  "truncation",
  "maxLength",
  "padToMultipleOf",
  "addSpecialTokens",
  "paddingSide",
  "returnTensors",
  "signal",
] as const satisfies (keyof ProcessorInputs)[];

/** Checks the names and types of a call's options. @throws INVALID_ARGUMENT naming the option */
export function checkInputs(inputs: ProcessorInputs): void {
  if (typeof inputs !== "object" || inputs === null) {
    throw invalidArgument("inputs", "{ images, text }", inputs);
  }
  for (const name of Object.keys(inputs)) {
    if (!(OPTIONS as readonly string[]).includes(name)) throw unknownOption(name);
  }
  if (inputs.images === undefined && inputs.text === undefined) {
    throw invalidArgument("inputs", "given `images`, `text` or both", inputs);
  }
  oneOf("padding", inputs.padding, [true, false, "longest", "max_length", "do_not_pad"]);
  oneOf("truncation", inputs.truncation, [true, false, "longest_first", "only_first", "do_not_truncate"]);
  oneOf("addSpecialTokens", inputs.addSpecialTokens, [true, false]);
  oneOf("paddingSide", inputs.paddingSide, ["left", "right"]);
  oneOf("returnTensors", inputs.returnTensors, ["pt", "np"], TENSORS_ALWAYS);
  if (inputs.size !== undefined) readSize(inputs.size, "size");
  length("maxLength", inputs.maxLength);
  length("padToMultipleOf", inputs.padToMultipleOf);
  if (inputs.signal !== undefined && !(inputs.signal instanceof AbortSignal)) {
    throw invalidArgument("signal", "an AbortSignal", inputs.signal);
  }
  if (inputs.maxLength !== undefined && !truncates(inputs) && inputs.padding !== "max_length") {
    const remedy = "It sets the length for these two alone.";
    const expected = 'given with `truncation: true` or `padding: "max_length"`';
    throw invalidArgument("maxLength", expected, inputs.maxLength, remedy);
  }
}

/** Whether texts are cut to a length: as in transformers, a length alone asks for it. */
export function truncates({ truncation, padding, maxLength }: TextOptions): boolean {
  if (truncation !== undefined) return truncation !== false && truncation !== "do_not_truncate";
  return maxLength !== undefined && (padding === undefined || padding === false);
}

/** Whether texts are padded to one length. */
export function pads(padding: NonNullable<TextOptions["padding"]>): boolean {
  return padding !== false && padding !== "do_not_pad";
}

const TENSORS_ALWAYS = "Results are tensors of this package; `toArray()` gives nested arrays.";

function unknownOption(name: string): InstructBlipError {
  const meant = nearMiss(name.replaceAll("_", ""), OPTIONS);
  const hint = meant === undefined ? `The options are ${OPTIONS.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no option \`${name}\`. ${hint}`, { path: name });
}

function oneOf(name: string, value: unknown, allowed: readonly unknown[], remedy?: string): void {
  if (value === undefined || allowed.includes(value)) return;
  throw invalidArgument(name, allowed.map((item) => JSON.stringify(item)).join(", "), value, remedy);
}

function length(name: string, value: unknown): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_LENGTH) return;
  throw invalidArgument(name, `a whole number from 1 to ${MAX_LENGTH}`, value);
}

/** Texts as a list, each checked. A single string counts `count` times. */
export function toTexts(value: string | readonly string[], path: string, count: number): readonly string[] {
  const texts = typeof value === "string" ? Array.from({ length: count }, () => value) : value;
  if (!Array.isArray(texts) || texts.length === 0) {
    throw invalidArgument(path, "a string or an array of at least one", value);
  }
  texts.forEach((text, i) => {
    const name = typeof value === "string" ? path : `${path}[${i}]`;
    if (typeof text !== "string") {
      const remedy = Array.isArray(text)
        ? "Texts that are split into words are not taken: join them."
        : undefined;
      throw invalidArgument(name, "a string", text, remedy);
    }
    if (text.length > MAX_TEXT_LENGTH) {
      const message = `\`${name}\` has ${text.length} UTF-16 units; the limit is ${MAX_TEXT_LENGTH}.`;
      throw new InstructBlipError("PAYLOAD_TOO_LARGE", message, { path: name });
    }
  });
  return texts;
}
