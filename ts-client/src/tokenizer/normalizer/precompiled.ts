import { Charsmap } from "./charsmap.ts";

const encoder = new TextEncoder();
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Text in which every character but CR LF is a grapheme of its own. */
const SIMPLE = /^[\0-\u02ff]*$/;

/**
 * The `Precompiled` normaliser of T5: each grapheme of less than 6 bytes is replaced as a whole when a rule
 * matches its beginning, otherwise each of its characters is replaced by itself. That a rule for a beginning
 * swallows the rest of a short grapheme is how sentencepiece's rules are applied by the Rust library
 * (`spm_precompiled`), and what the models were served with.
 *
 * @param charsmap - the `precompiled_charsmap` in base64
 */
export function precompiledNormalizer(charsmap: string): (text: string) => string {
  const rules = new Charsmap(Buffer.from(charsmap, "base64"));
  const characters = new Map<string, string>();

  const replaceCharacter = (char: string): string => {
    let replaced = characters.get(char);
    if (replaced === undefined) {
      replaced = rules.lookUp(encoder.encode(char)) ?? char;
      if (characters.size < MAX_REMEMBERED) characters.set(char, replaced);
    }
    return replaced;
  };

  const replaceGrapheme = (grapheme: string): string => {
    const bytes = encoder.encode(grapheme);
    const whole = bytes.length < 6 ? rules.lookUp(bytes) : undefined;
    return whole ?? Array.from(grapheme, replaceCharacter).join("");
  };

  return (text) => {
    let result = "";
    if (SIMPLE.test(text) && !text.includes("\r\n")) {
      for (const char of text) result += replaceCharacter(char);
    } else {
      for (const { segment } of graphemes.segment(text)) result += replaceGrapheme(segment);
    }
    return result;
  };
}

/** Characters whose replacement is kept at hand; texts rarely have more. */
const MAX_REMEMBERED = 4096;
