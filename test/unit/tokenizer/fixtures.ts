import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";

/** A file of a bundled checkpoint, as JSON. */
export function bundledJson(...path: string[]): never {
  return JSON.parse(readFileSync(join("models", ...path), "utf8")) as never;
}

/** The tokenizer of a bundled checkpoint, with other settings where some are given. */
export function bundledTokenizer(folder: string, settings: object = {}): Tokenizer {
  const config: object = bundledJson(folder, "tokenizer_config.json");
  return new Tokenizer(bundledJson(folder, "tokenizer.json"), { ...config, ...settings });
}

/** GPT-2's byte-level BPE as OPT has it, with 256 byte tokens, one merge and an end token. */
export function byteLevelTokenizer(): Tokenizer {
  const visible = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let next = 256;
  const characters = Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(visible(byte) ? byte : next++),
  );
  const vocab = Object.fromEntries([...characters, "hi"].map((token, id) => [token, id]));
  const end = { id: 257, content: "</s>", special: true, normalized: false };
  return new Tokenizer(
    {
      added_tokens: [{ ...end, single_word: false, lstrip: false, rstrip: false }],
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "</s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
        pair: [],
        special_tokens: { "</s>": { id: "</s>", ids: [257], tokens: ["</s>"] } },
      },
      decoder: { type: "ByteLevel" },
      model: { type: "BPE", vocab, merges: [["h", "i"]] },
    },
    { pad_token: { content: "</s>" } },
  );
}
