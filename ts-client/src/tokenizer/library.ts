import { Tokenizer } from "@huggingface/tokenizers";
import { InstructBlipError } from "../errors/index.ts";
import { normalizer } from "./normalizer/normalizer.ts";
import { preTokenizer } from "./pre-tokenizer/pre-tokenizer.ts";
import { configInvalid, type TokenizerJson } from "./tokenizer-json.ts";

/**
 * What is used of `@huggingface/tokenizers`: it cuts added tokens out of the text and runs the model. Its own
 * declarations do not resolve under Node's module rules, hence these.
 */
export interface Library {
  normalizer: ((text: string) => string) | null;
  pre_tokenizer: ((section: string, at: { section_index: number }) => string[]) | null;
  readonly model: LibraryModel;
  readonly post_processor: {
    post_process(tokens: string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
  } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
}

/** The library's model: words to tokens. */
interface LibraryModel {
  fuse_unk: boolean;
  readonly unk_token: string | undefined;
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  encode(words: string[]): string[];
}

const LibraryTokenizer = Tokenizer as new (json: object, config: object) => Library;

/**
 * Opens the library's tokenizer, joins unknown characters in its place (it takes quadratic time), and replaces its normaliser and pre-tokenizer: it reads T5's charsmap only
 * roughly, and its classes of characters are those of Node's Unicode, not of the Rust library's.
 *
 * @throws CONFIG_INVALID when it does not know a part of the file
 */
export function openLibrary(json: TokenizerJson): Library {
  try {
    const library = new LibraryTokenizer(json, {});
    if (library.model.fuse_unk) fuseUnknown(library.model);
    if (json.normalizer !== null) library.normalizer = normalizer(json.normalizer);
    // GPT-2's byte level has no classes of characters but those of its pattern, which the library has.
    if (json.pre_tokenizer !== null && json.pre_tokenizer.type !== "ByteLevel") {
      const split = preTokenizer(json.pre_tokenizer);
      library.pre_tokenizer = (section, { section_index }) => split(section, section_index === 0);
    }
    return library;
  } catch (error) {
    if (InstructBlipError.isInstance(error)) throw error;
    throw configInvalid(error instanceof Error ? error.message : String(error), error);
  }
}

/** Makes the model give one unknown token for a run of unknown characters in a word. */
function fuseUnknown(model: LibraryModel): void {
  const { unk_token, tokens_to_ids } = model;
  if (unk_token === undefined) return;
  const encode = model.encode.bind(model);
  const unknown = (token: string) => !tokens_to_ids.has(token) || token === unk_token;
  model.fuse_unk = false;
  model.encode = (words) =>
    words.flatMap((word) => {
      const tokens = encode([word]).map((token) => (unknown(token) ? unk_token : token));
      return tokens.filter((token, i) => token !== unk_token || tokens[i - 1] !== unk_token);
    });
}
