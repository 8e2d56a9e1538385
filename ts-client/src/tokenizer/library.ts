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
  readonly post_processor: {
    post_process(tokens: string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
  } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
}

const LibraryTokenizer = Tokenizer as new (json: object, config: object) => Library;

/**
 * Opens the library's tokenizer, and replaces its normaliser and pre-tokenizer: it reads T5's charsmap only
 * roughly, and its classes of characters are those of Node's Unicode, not of the Rust library's.
 *
 * @throws CONFIG_INVALID when it does not know a part of the file
 */
export function openLibrary(json: TokenizerJson): Library {
  try {
    const library = new LibraryTokenizer(json, {});
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
