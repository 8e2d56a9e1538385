export { IncrementalDecoder } from "./incremental-decoder.ts";
export type { PaddedIds } from "./padding.ts";
export {
  type DecodeOptions,
  type EncodeOptions,
  MAX_TEXT_LENGTH,
  type PadOptions,
  type TokenIds,
  Tokenizer,
} from "./tokenizer.ts";
export type { TokenizerSettings } from "./tokenizer-json.ts";
