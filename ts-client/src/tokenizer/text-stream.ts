import type { DecodeStep } from "./decoder/step.ts";

/** From token ids to text, bit by bit: looks ids up, leaves out special tokens, runs the decoder's steps. */
export class TextStream {
  readonly #tokenOf: (id: number) => string | undefined;
  readonly #steps: readonly DecodeStep[];

  /** @param tokenOf - the token of an id; undefined for one that has no part in the text */
  constructor(tokenOf: (id: number) => string | undefined, steps: readonly DecodeStep[]) {
    this.#tokenOf = tokenOf;
    this.#steps = steps;
  }

  push(ids: Iterable<number>): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.#tokenOf(id);
      if (token !== undefined) tokens.push(token);
    }
    return this.#run(tokens, 0);
  }

  end(): string {
    return this.#steps.map((step, i) => this.#run(step.end(), i + 1)).join("");
  }

  #run(tokens: readonly string[], from: number): string {
    return this.#steps
      .slice(from)
      .reduce((texts, step) => step.push(texts), tokens)
      .join("");
  }
}
