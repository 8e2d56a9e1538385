import { PUNCTUATION, WHITE_SPACE } from "../unicode/tables.ts";

/** The words between white space. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  const endWord = () => {
    if (word !== "") words.push(word);
    word = "";
  };
  for (const char of text) {
    if (WHITE_SPACE.hasFirstOf(char)) endWord();
    else word += char;
  }
  endWord();
  return words;
}

/** The words between white space, with each punctuation mark as a word of its own: BERT's pre-tokenizer. */
export function splitWordsAndPunctuation(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    const parts: string[] = [];
    let part = "";
    for (const char of word) {
      if (PUNCTUATION.hasFirstOf(char)) {
        if (part !== "") parts.push(part);
        parts.push(char);
        part = "";
      } else {
        part += char;
      }
    }
    if (part !== "") parts.push(part);
    return parts;
  });
}
