import {
  type CheckpointFiles,
  type CheckpointOptions,
  type CheckpointSource,
  jsonText,
  readCheckpoint,
  writeFolder,
} from "../checkpoint/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { checkDecodeOptions, type DecodeOptions } from "./decode-options.ts";
import { decoderChain } from "./decoder/chain.ts";
import { CleanUp } from "./decoder/clean-up.ts";
import { IncrementalDecoder } from "./incremental-decoder.ts";
import { type Library, openLibrary } from "./library.ts";
import { type PaddedIds, padRows } from "./padding.ts";
import { type Frame, readFrame } from "./special-tokens.ts";
import { TextStream } from "./text-stream.ts";
import { isNested, type TokenIds, type TokenSequences, toIds, toSequences } from "./token-ids.ts";
import { readTokenizerFiles, tokenizerFiles } from "./tokenizer-files.ts";
import {
  configInvalid,
  readSettings,
  readTokenizerJson,
  type TokenizerJson,
  type TokenizerSettings,
} from "./tokenizer-json.ts";
import { Vocabulary } from "./vocabulary.ts";

/** UTF-16 units of a text. A prompt that fills a language model's context has about 10,000. */
export const MAX_TEXT_LENGTH = 32_768;

const NO_FRAME: Frame = { before: [], after: [] };

/** How one text becomes ids. */
export interface EncodeOptions {
  /** Most ids, special tokens included; more are cut off on the truncation side. @default no limit */
  readonly maxLength?: number;
  /** Add the tokens that frame a text, such as `</s>`. @default true */
  readonly addSpecialTokens?: boolean;
}

/** How several texts become tensors. */
export interface PadOptions extends EncodeOptions {
  /** Pads all texts to the length of the longest. @default false */
  readonly padding?: boolean;
  /** With `padding`: to this many ids at least. @default no more than the longest text has */
  readonly padTo?: number;
  /** With `padding`: rounds the length up to a multiple of this, but never over `maxLength`. @default 1 */
  readonly padToMultipleOf?: number;
  /** @default the tokenizer's own */
  readonly paddingSide?: "left" | "right";
}

/** Where a tokenizer is within a checkpoint. */
export interface LoadTokenizerOptions extends CheckpointOptions {
  /** The folder within the checkpoint: `qformer_tokenizer` for the Q-Former's. @default the checkpoint's own */
  readonly subfolder?: string;
}

/**
 * A tokenizer with transformers' call semantics, made from a checkpoint's `tokenizer.json` and
 * `tokenizer_config.json`: BERT's WordPiece, LLaMA's BPE with byte fallback, T5's Unigram, GPT-2's BPE.
 *
 * @example
 * const tokenizer = await Tokenizer.fromPretrained("tiny-shapes-llama");
 * console.log(tokenizer.decode(tokenizer.encode("red"))); // </s> red
 */
export class Tokenizer {
  /** What `tokenizer_config.json` says. */
  readonly settings: TokenizerSettings;
  /** The token that fills up short texts; undefined when the checkpoint names none. */
  readonly padTokenId: number | undefined;
  /** The token that begins a text; undefined when the checkpoint names none. */
  readonly bosTokenId: number | undefined;
  /** The token that ends a text; undefined when the checkpoint names none. */
  readonly eosTokenId: number | undefined;
  readonly #json: TokenizerJson;
  readonly #files: { readonly json: unknown; readonly config: unknown };
  readonly #library: Library;
  readonly #vocabulary: Vocabulary;
  readonly #frame: Frame;

  /** @throws CONFIG_INVALID when the files are wrong or ask for a step that is not supported */
  constructor(tokenizerJson: unknown, tokenizerConfig: unknown) {
    this.settings = readSettings(tokenizerConfig);
    this.#json = readTokenizerJson(tokenizerJson);
    this.#files = { json: tokenizerJson, config: tokenizerConfig };
    this.#library = openLibrary(this.#json);
    this.#vocabulary = new Vocabulary(this.#library, this.#json);
    this.#frame = readFrame(this.#library, this.settings);
    this.padTokenId = this.#vocabulary.id(this.settings.padToken);
    this.bosTokenId = this.#vocabulary.id(this.settings.bosToken);
    this.eosTokenId = this.#vocabulary.id(this.settings.eosToken);
    decoderChain(this.#json.decoder);
  }

  /**
   * Loads a checkpoint's tokenizer.
   *
   * @param source - a bundled name or a checkpoint's folder; with `options.pool` the name of a model that the
   *   pool serves; or a pool
   * @throws MODEL_NOT_FOUND when there is none, CONFIG_INVALID when its files cannot be used
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: LoadTokenizerOptions = {},
  ): Promise<Tokenizer> {
    const { subfolder = "", ...where } = options;
    const names = tokenizerFiles(subfolder);
    return Tokenizer.fromFiles(await readCheckpoint(source, where, names, "tokenizer"), subfolder);
  }

  /** @internal */
  static fromFiles(files: CheckpointFiles, subfolder = ""): Tokenizer {
    const { json, config } = readTokenizerFiles(files, subfolder);
    return new Tokenizer(json, config);
  }

  /** Writes `tokenizer.json` and `tokenizer_config.json` into a folder, which is made when it is missing. */
  async savePretrained(folder: string): Promise<void> {
    await writeFolder(folder, this.toFiles());
  }

  /** @internal */
  toFiles(): Record<string, string> {
    const { json, config } = this.#files;
    return { "tokenizer.json": jsonText(json), "tokenizer_config.json": jsonText(config) };
  }

  /** Most ids of a text; undefined when the checkpoint sets no limit. */
  get modelMaxLength(): number | undefined {
    return this.settings.modelMaxLength;
  }

  /**
   * The ids of one text, special tokens included.
   *
   * @throws PAYLOAD_TOO_LARGE for a text of more than 32,768 UTF-16 units
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const { before, after } = options.addSpecialTokens === false ? NO_FRAME : this.#frame;
    const ids = this.#library.encode(checkText(text), { add_special_tokens: false }).ids;
    const { maxLength } = options;
    if (maxLength === undefined) return [...before, ...ids, ...after];
    const room = maxLength - before.length - after.length;
    if (!Number.isInteger(room) || room < 0) {
      throw invalidArgument("maxLength", `a whole number from ${before.length + after.length} up`, maxLength);
    }
    return [...before, ...truncate(ids, room, this.settings.truncationSide), ...after];
  }

  /** The ids of several texts as int64 tensors [texts, length]. */
  encodeBatch(texts: readonly string[], options: PadOptions = {}): PaddedIds {
    const {
      padding = false,
      padTo = 0,
      padToMultipleOf = 1,
      paddingSide = this.settings.paddingSide,
    } = options;
    const rows = texts.map((text) => this.encode(text, options));
    const longest = rows.reduce((most, row) => Math.max(most, row.length), padding ? padTo : 0);
    const rounded = Math.ceil(longest / padToMultipleOf) * padToMultipleOf;
    const length = padding ? Math.min(rounded, options.maxLength ?? rounded) : longest;
    const even = rows.every((row) => row.length === length);
    if (!even && !padding) {
      throw invalidArgument("padding", "true for texts of different lengths", padding);
    }
    if (!even && this.padTokenId === undefined) throw configInvalid("it has no padding token");
    return padRows(rows, length, this.padTokenId ?? 0, paddingSide);
  }

  /**
   * The text of a sequence of ids, or of a single one; of nested arrays, the texts. Ids outside the vocabulary
   * are left out.
   *
   * @throws INVALID_ARGUMENT for what is no token id, and for a tensor of several rows
   */
  decode(ids: number | bigint | TokenIds, options?: DecodeOptions): string;
  decode(sequences: readonly TokenIds[], options?: DecodeOptions): string[];
  decode(
    ids: number | bigint | TokenIds | readonly TokenIds[],
    options: DecodeOptions = {},
  ): string | string[] {
    if (isNested(ids)) return this.batchDecode(ids as readonly TokenIds[], options);
    checkDecodeOptions(options);
    return this.#decode(toIds(ids), options);
  }

  /**
   * The texts of several sequences, or of the rows of a tensor [rows, length]. Where ids stand alone, each is a
   * sequence, as in transformers 4.
   *
   * @throws INVALID_ARGUMENT for what is no token id
   */
  batchDecode(sequences: TokenSequences, options: DecodeOptions = {}): string[] {
    checkDecodeOptions(options);
    return toSequences(sequences).map((ids) => this.#decode(ids, options));
  }

  /** A decoder for ids that arrive little by little. */
  incrementalDecoder(options: DecodeOptions = {}): IncrementalDecoder {
    return new IncrementalDecoder(this.#stream(options));
  }

  #decode(ids: readonly number[], options: DecodeOptions): string {
    const stream = this.#stream(options);
    return stream.push(ids) + stream.end();
  }

  #stream(options: DecodeOptions): TextStream {
    const { skipSpecialTokens = false } = options;
    const cleans = options.cleanUpTokenizationSpaces ?? this.settings.cleanUpTokenizationSpaces;
    // For BPE, which keeps spaces as they were, cleaning up would only corrupt the text; transformers skips it.
    const cleanUp = cleans && this.#json.model.type !== "BPE" ? [new CleanUp()] : [];
    const tokenOf = (id: number) =>
      skipSpecialTokens && this.#vocabulary.isSpecial(id) ? undefined : this.#vocabulary.token(id);
    return new TextStream(tokenOf, [...decoderChain(this.#json.decoder), ...cleanUp]);
  }
}

function checkText(text: string): string {
  if (typeof text !== "string") throw invalidArgument("text", "a string", text);
  if (text.length > MAX_TEXT_LENGTH) {
    throw new InstructBlipError(
      "PAYLOAD_TOO_LARGE",
      `\`text\` has ${text.length} UTF-16 units; the limit is ${MAX_TEXT_LENGTH}.`,
      { path: "text" },
    );
  }
  // A surrogate without its other half is no character: it becomes U+FFFD, as on its way to UTF-8.
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;
}

function truncate(ids: readonly number[], room: number, side: "left" | "right"): readonly number[] {
  if (ids.length <= room) return ids;
  return side === "left" ? ids.slice(ids.length - room) : ids.slice(0, room);
}
