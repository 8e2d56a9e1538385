import type { DecodeStep } from "./step.ts";

/** Applied in this order, each to the whole text: transformers' `clean_up_tokenization`. */
const RULES: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** Takes out the spaces that English tokenizers leave before punctuation and contractions. */
export function cleanUp(text: string): string {
  return RULES.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

/**
 * The same, bit by bit. No rule reaches back over three letters before a space, as all begin with a space and
 * have at most three characters more, so what lies before such a place is certain.
 */
export class CleanUp implements DecodeStep {
  #held = "";

  push(tokens: readonly string[]): string[] {
    this.#held += tokens.join("");
    let cut = 0;
    for (const match of this.#held.matchAll(/[A-Za-z0-9]{3}(?= )/g)) cut = match.index + 3;
    const certain = this.#held.slice(0, cut);
    this.#held = this.#held.slice(cut);
    return certain === "" ? [] : [cleanUp(certain)];
  }

  end(): string[] {
    return [cleanUp(this.#held)];
  }
}
