import type { Library } from "./library.ts";
import type { TokenizerJson } from "./tokenizer-json.ts";

/** Tokens by id and ids by token, added tokens included. */
export class Vocabulary {
  readonly #library: Library;
  readonly #added: ReadonlyMap<number, string>;
  readonly #special: ReadonlySet<number>;

  constructor(library: Library, { added_tokens }: TokenizerJson) {
    this.#library = library;
    this.#added = new Map(added_tokens.map(({ id, content }) => [id, content]));
    this.#special = new Set(added_tokens.filter(({ special }) => special).map(({ id }) => id));
  }

  /** The token with that id; undefined for an id outside the vocabulary. */
  token(id: number): string | undefined {
    return this.#added.get(id) ?? this.#library.id_to_token(id);
  }

  id(token: string | undefined): number | undefined {
    return token === undefined ? undefined : this.#library.token_to_id(token);
  }

  /** Whether an id stands for no text: the end of a sequence, padding and their like. */
  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }
}
