import type { InstructBlipProcessor } from "../processor/index.ts";

type Decoder = Pick<ReturnType<InstructBlipProcessor["incrementalDecoder"]>, "push" | "end">;

/**
 * A growing text in pieces that can be shown at once: whole graphemes, as the decoder gives them, without
 * white space at the text's two ends. A stop string comes whole or not at all: what may become one waits until it is
 * clear.
 */
export class TextPieces {
  readonly #decoder: Decoder;
  readonly #stopStrings: readonly string[];
  #held = "";
  #text = "";

  constructor(decoder: Decoder, stopStrings: readonly string[] = []) {
    this.#decoder = decoder;
    this.#stopStrings = stopStrings;
  }

  /** All pieces so far. */
  get text(): string {
    return this.#text;
  }

  /** The piece these tokens complete; often empty. */
  push(tokens: readonly number[]): string {
    this.#held += this.#decoder.push(tokens);
    return this.#release(settledLength(this.#held, this.#stopStrings));
  }

  /** The last piece. */
  end(): string {
    this.#held += this.#decoder.end();
    return this.#release(this.#held.length);
  }

  /** Gives the first so many units of what is held. White space waits for what follows it; at the start for nothing. */
  #release(length: number): string {
    let ready = this.#held.slice(0, length);
    const rest = this.#held.slice(length);
    if (this.#text === "") ready = ready.trimStart();
    const piece = ready.trimEnd();
    this.#held = ready.slice(piece.length) + rest;
    this.#text += piece;
    return piece;
  }
}

/** How much of a text can no longer turn out to end in the middle of a stop string. */
function settledLength(text: string, stopStrings: readonly string[]): number {
  const settled = Math.min(text.length, ...stopStrings.map((stop) => text.length - begun(text, stop)));
  // One that is complete waits too when its end may be the beginning of another.
  for (const stop of stopStrings) {
    const from = text.indexOf(stop, Math.max(0, settled - stop.length + 1));
    if (from !== -1 && from < settled) return settledLength(text.slice(0, from), stopStrings);
  }
  return settled;
}

/** How much of the text's end is the beginning of a stop string, but not all of it. */
function begun(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
