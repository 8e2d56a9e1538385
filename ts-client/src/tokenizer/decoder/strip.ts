import type { DecodeStep } from "./step.ts";

/** Cuts up to `count` leading `content` characters off the whole text: a `Strip` after a `Fuse`. */
export class StripStart implements DecodeStep {
  readonly #content: string;
  #left: number;

  constructor(content: string, count: number) {
    this.#content = content;
    this.#left = count;
  }

  push(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      let from = 0;
      while (this.#left > 0 && from < token.length) {
        if (token[from] === this.#content) {
          from++;
          this.#left--;
        } else {
          this.#left = 0;
        }
      }
      return token.slice(from);
    });
  }

  end(): string[] {
    return [];
  }
}

/** A token without up to `start` leading and `stop` trailing `content` characters. */
export function stripToken(token: string, content: string, start: number, stop: number): string {
  let [from, to] = [0, token.length];
  while (from < start && token[from] === content) from++;
  while (token.length - to < stop && to > from && token[to - 1] === content) to--;
  return token.slice(from, to);
}
