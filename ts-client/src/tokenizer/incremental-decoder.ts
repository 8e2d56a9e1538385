import type { TextStream } from "./text-stream.ts";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Turns a growing sequence of token ids into text that can be shown piece by piece. A piece never ends inside
 * a grapheme or inside a character that is spelt out in bytes; all pieces joined are what decoding the whole
 * sequence gives.
 *
 * @example
 * const decoder = processor.incrementalDecoder({ skipSpecialTokens: true });
 * for await (const { tokens } of chunks) process.stdout.write(decoder.push(tokens));
 * process.stdout.write(decoder.end());
 */
export class IncrementalDecoder {
  readonly #stream: TextStream;
  #held = "";

  /** @internal */
  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** The text that these ids complete; often empty, as the last grapheme may still grow. */
  push(ids: Iterable<number>): string {
    this.#held += this.#stream.push(ids);
    let cut = 0;
    for (const { index } of graphemes.segment(this.#held)) cut = index;
    const piece = this.#held.slice(0, cut);
    this.#held = this.#held.slice(cut);
    return piece;
  }

  /** What is left when no more ids follow. */
  end(): string {
    const piece = this.#held + this.#stream.end();
    this.#held = "";
    return piece;
  }
}
