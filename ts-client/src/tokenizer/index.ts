export { AutoTokenizer } from "./auto-tokenizer.ts";
export type { DecodeOptions } from "./decode-options.ts";
export { IncrementalDecoder } from "./incremental-decoder.ts";
export type { PaddedIds } from "./padding.ts";
export type { IdTensor, TokenIds, TokenSequences } from "./token-ids.ts";
export {
  type EncodeOptions,
  type LoadTokenizerOptions,
  MAX_TEXT_LENGTH,
  type PadOptions,
  Tokenizer,
} from "./tokenizer.ts";
export type { TokenizerSettings } from "./tokenizer-json.ts";
