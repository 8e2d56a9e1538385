/** What turns new tokens into the text they add. */
export interface TokenDecoder {
  /** The text that these tokens make certain. */
  push(tokens: readonly number[]): string;
  /** What is left at the end. */
  end(): string;
}

/**
 * Cuts a growing text into pieces that can be shown at once: whole graphemes (an emoji family or a letter
 * with its accents comes in one piece), without white space at the text's two ends.
 */
export class TextPieces {
  static readonly #graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  readonly #decoder: TokenDecoder;
  #held = "";
  #text = "";

  constructor(decoder: TokenDecoder) {
    this.#decoder = decoder;
  }

  /** All pieces so far. */
  get text(): string {
    return this.#text;
  }

  /** The piece these tokens complete; often empty. */
  push(tokens: readonly number[]): string {
    this.#hold(this.#decoder.push(tokens));
    // The last grapheme may still grow.
    let end = 0;
    for (const { index } of TextPieces.#graphemes.segment(this.#held)) end = index;
    return this.#release(end);
  }

  /** The last piece. */
  end(): string {
    this.#hold(this.#decoder.end());
    return this.#release(this.#held.length);
  }

  #hold(text: string): void {
    this.#held += text;
    if (this.#text === "") this.#held = this.#held.trimStart();
  }

  /** White space before `end` waits for what follows it. */
  #release(end: number): string {
    const piece = this.#held.slice(0, end).trimEnd();
    this.#held = this.#held.slice(piece.length);
    this.#text += piece;
    return piece;
  }
}
