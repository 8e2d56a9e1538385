import { InstructBlipError } from "../errors/index.ts";

/** A step of a `tokenizer.json`: its `type` and whatever that type takes. */
export interface StepConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A token that is cut out of the text before anything else is done to it. */
export interface AddedTokenConfig {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** The parts of a `tokenizer.json` that are read here; the model is the library's concern. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedTokenConfig[];
  readonly normalizer: StepConfig | null;
  readonly pre_tokenizer: StepConfig | null;
  readonly post_processor: StepConfig | null;
  readonly decoder: StepConfig | null;
  readonly model: StepConfig;
}

/** The fields of a `tokenizer_config.json` that are used. */
export interface TokenizerSettings {
  /** transformers' class, which decides the defaults of the rest. */
  readonly tokenizerClass: string | undefined;
  /** @default left for LLaMA, right for the others */
  readonly paddingSide: "left" | "right";
  /** The side on which texts that are too long are cut. @default "right" */
  readonly truncationSide: "left" | "right";
  /** Most tokens of a text; undefined when the checkpoint sets no limit. */
  readonly modelMaxLength: number | undefined;
  /** Take out spaces before punctuation and contractions when decoding. */
  readonly cleanUpTokenizationSpaces: boolean;
  /** Begins a text. */
  readonly bosToken: string | undefined;
  /** Ends a text. */
  readonly eosToken: string | undefined;
  /** Fills up short texts. */
  readonly padToken: string | undefined;
  /** For LLaMA: whether texts begin with `bosToken`. */
  readonly addBosToken: boolean;
  /** For LLaMA: whether texts end with `eosToken`. */
  readonly addEosToken: boolean;
}

/** transformers writes 1e30 for "no limit". */
const NO_LIMIT = 1e20;

/** Whether a class is LLaMA's, which pads on the left and frames texts by its settings. */
export function isLlama(tokenizerClass: string | undefined): boolean {
  return tokenizerClass?.startsWith("Llama") ?? false;
}

/** Reads a `tokenizer_config.json` with the defaults of transformers. @throws CONFIG_INVALID */
export function readSettings(json: unknown): TokenizerSettings {
  const fields = record(json, "tokenizer_config.json");
  const tokenizerClass = text(fields.tokenizer_class);
  const limit = typeof fields.model_max_length === "number" ? fields.model_max_length : NO_LIMIT;
  return {
    tokenizerClass,
    paddingSide: side(fields, "padding_side") ?? (isLlama(tokenizerClass) ? "left" : "right"),
    truncationSide: side(fields, "truncation_side") ?? "right",
    modelMaxLength: limit < NO_LIMIT ? limit : undefined,
    cleanUpTokenizationSpaces: fields.clean_up_tokenization_spaces === true,
    bosToken: tokenText(fields.bos_token),
    eosToken: tokenText(fields.eos_token),
    padToken: tokenText(fields.pad_token),
    addBosToken: fields.add_bos_token !== false,
    addEosToken: fields.add_eos_token === true,
  };
}

/** Checks the shape of a `tokenizer.json`. @throws CONFIG_INVALID */
export function readTokenizerJson(json: unknown): TokenizerJson {
  const fields = record(json, "tokenizer.json");
  if (!Array.isArray(fields.added_tokens)) throw configInvalid("tokenizer.json has no list `added_tokens`");
  return {
    added_tokens: fields.added_tokens,
    normalizer: step(fields, "normalizer"),
    pre_tokenizer: step(fields, "pre_tokenizer"),
    post_processor: step(fields, "post_processor"),
    decoder: step(fields, "decoder"),
    model: record(fields.model, "tokenizer.json: model") as StepConfig,
  };
}

/** The error for a tokenizer file that is wrong or that asks for what is not supported. */
export function configInvalid(problem: string, cause?: unknown): InstructBlipError {
  return new InstructBlipError("CONFIG_INVALID", `The tokenizer cannot be used: ${problem}.`, { cause });
}

function record(json: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw configInvalid(`${name} must be an object`);
  }
  return json as Readonly<Record<string, unknown>>;
}

function step(fields: Readonly<Record<string, unknown>>, name: string): StepConfig | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  const config = record(value, `tokenizer.json: ${name}`);
  if (typeof config.type !== "string") throw configInvalid(`tokenizer.json: ${name} has no \`type\``);
  return config as StepConfig;
}

function side(fields: Readonly<Record<string, unknown>>, name: string): "left" | "right" | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === "left" || value === "right")
    return value ?? undefined;
  throw configInvalid(`tokenizer_config.json: ${name} must be "left" or "right"`);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Older checkpoints write a token as an object with its `content`. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null && "content" in value) return text(value.content);
  return text(value);
}
