import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { nearMiss } from "../errors/near-miss.ts";
import type { ImageInput } from "../image/index.ts";
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
   * `true` and `"longest"` pad to the longest text, `"max_length"` to `maxLength`; `false` is for texts that
   * have equally many tokens, and an error for others.
   * @default true
   */
  readonly padding?: boolean | "longest" | "max_length";
  /** Cut prompts off that are longer than `maxLength`; the checkpoint says at which end. @default false */
  readonly truncation?: boolean;
  /**
   * Tokens of a prompt for `truncation` and for `padding: "max_length"`, special tokens included. It holds
   * for the Q-Former too, which never gets more than 512.
   * @default the tokenizer's own limit
   */
  readonly maxLength?: number;
  /** The side on which prompts are padded. @default left for LLaMA, right for T5 */
  readonly paddingSide?: "left" | "right";
}

/** What a processor is called with. */
export interface ProcessorInputs extends TextOptions {
  /** A picture or several. */
  readonly images?: ImageInput | readonly ImageInput[];
  /** Gives up. */
  readonly signal?: AbortSignal;
}

const OPTIONS = [
  "images",
  "text",
  "qformerText",
  "padding",
  "truncation",
  "maxLength",
  "paddingSide",
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
  const { images, text, padding, truncation, maxLength, paddingSide } = inputs;
  if (images === undefined && text === undefined) {
    throw invalidArgument("inputs", "given `images`, `text` or both", inputs);
  }
  oneOf("padding", padding, [true, false, "longest", "max_length"]);
  oneOf("truncation", truncation, [true, false]);
  oneOf("paddingSide", paddingSide, ["left", "right"]);
  if (maxLength === undefined) return;
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw invalidArgument("maxLength", "a whole number from 1 up", maxLength);
  }
  if (truncation !== true && padding !== "max_length") {
    const remedy = "It sets the length for these two alone.";
    throw invalidArgument(
      "maxLength",
      'given with `truncation: true` or `padding: "max_length"`',
      maxLength,
      remedy,
    );
  }
}

function unknownOption(name: string): InstructBlipError {
  const meant = nearMiss(name.replaceAll("_", ""), OPTIONS);
  const hint = meant === undefined ? `The options are ${OPTIONS.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no option \`${name}\`. ${hint}`, { path: name });
}

function oneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value !== undefined && !allowed.includes(value)) {
    throw invalidArgument(name, allowed.map((item) => JSON.stringify(item)).join(", "), value);
  }
}

/** Texts as a list, each checked. A single string counts `count` times. */
export function toTexts(value: string | readonly string[], path: string, count: number): readonly string[] {
  const texts = typeof value === "string" ? Array.from({ length: count }, () => value) : value;
  if (!Array.isArray(texts) || texts.length === 0) {
    throw invalidArgument(path, "a string or an array of at least one", value);
  }
  texts.forEach((text, i) => {
    const name = typeof value === "string" ? path : `${path}[${i}]`;
    if (typeof text !== "string") throw invalidArgument(name, "a string", text);
    if (text.length > MAX_TEXT_LENGTH) {
      const message = `\`${name}\` has ${text.length} UTF-16 units; the limit is ${MAX_TEXT_LENGTH}.`;
      throw new InstructBlipError("PAYLOAD_TOO_LARGE", message, { path: name });
    }
  });
  return texts;
}
