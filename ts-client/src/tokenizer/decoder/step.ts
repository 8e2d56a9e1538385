/**
 * One step from tokens to text that can be fed bit by bit: what is pushed comes out as soon as nothing that
 * follows can change it. The pieces of all pushes and of `end`, joined, are what decoding everything at once
 * gives.
 */
export interface DecodeStep {
  push(tokens: readonly string[]): string[];
  end(): string[];
}

/** A step that looks at one token at a time and knows whether it is the first. */
export class EachToken implements DecodeStep {
  readonly #map: (token: string, first: boolean) => string;
  #first = true;

  constructor(map: (token: string, first: boolean) => string) {
    this.#map = map;
  }

  push(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      const mapped = this.#map(token, this.#first);
      this.#first = false;
      return mapped;
    });
  }

  end(): string[] {
    return [];
  }
}
