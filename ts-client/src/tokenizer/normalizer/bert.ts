import { CHINESE, CONTROLS, MARKS, SPACES } from "../unicode/tables.ts";

/** The `BertNormalizer` of a `tokenizer.json`. */
export interface BertNormalizerConfig {
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  /** As `lowercase` when it is null or left out. */
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
}

/**
 * BERT's normaliser, in the order and with the character classes of the Rust library: clean up, set Chinese
 * characters apart, strip accents, lower case (letter by letter, so that a final sigma stays σ).
 */
export function bertNormalizer(config: BertNormalizerConfig): (text: string) => string {
  const { clean_text = true, handle_chinese_chars = true, lowercase = true } = config;
  const stripAccents = config.strip_accents ?? lowercase;
  return (text) => {
    let result = text;
    if (clean_text) result = mapCharacters(result, clean);
    if (handle_chinese_chars) result = mapCharacters(result, setApart);
    if (stripAccents)
      result = mapCharacters(decompose(result), (char) => (MARKS.hasFirstOf(char) ? "" : char));
    if (lowercase) result = mapCharacters(result, (char) => char.toLowerCase());
    return result;
  };
}

function clean(char: string): string {
  if (CONTROLS.hasFirstOf(char)) return "";
  return SPACES.hasFirstOf(char) ? " " : char;
}

function setApart(char: string): string {
  return CHINESE.hasFirstOf(char) ? ` ${char} ` : char;
}

function mapCharacters(text: string, map: (char: string) => string): string {
  let result = "";
  for (const char of text) result += map(char);
  return result;
}

/** Letters of scripts whose decompositions are younger than the Rust library's tables. */
const COMPOSED_THERE =
  /([\u{105c9}\u{105e4}\u{11383}\u{11385}\u{1138e}\u{11391}\u{113c5}\u{113c7}\u{113c8}\u{11938}\u{16121}-\u{16128}\u{16d68}-\u{16d6a}])/u;

function decompose(text: string): string {
  return text
    .split(COMPOSED_THERE)
    .map((part, i) => (i % 2 === 0 ? part.normalize("NFD") : part))
    .join("");
}
