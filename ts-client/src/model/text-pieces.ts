import type { InstructBlipProcessor } from "../processor/index.ts";

type Decoder = Pick<ReturnType<InstructBlipProcessor["incrementalDecoder"]>, "push" | "end">;

/**
 * A growing text in pieces that can be shown at once: whole graphemes, as the decoder gives them, without
 * white space at the text's two ends.
 */
export class TextPieces {
  readonly #decoder: Decoder;
  #held = "";
  #text = "";

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** All pieces so far. */
  get text(): string {
    return this.#text;
  }

  /** The piece these tokens complete; often empty. */
  push(tokens: readonly number[]): string {
    return this.#release(this.#decoder.push(tokens));
  }

  /** The last piece. */
  end(): string {
    return this.#release(this.#decoder.end());
  }

  /** White space waits for what follows it; at the start it waits for nothing. */
  #release(text: string): string {
    this.#held += text;
    if (this.#text === "") this.#held = this.#held.trimStart();
    const piece = this.#held.trimEnd();
    this.#held = this.#held.slice(piece.length);
    this.#text += piece;
    return piece;
  }
}
