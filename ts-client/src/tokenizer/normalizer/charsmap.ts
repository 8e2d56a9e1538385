import { invalidArgument } from "../../errors/index.ts";

/**
 * The replacement rules in a `precompiled_charsmap`: a double-array trie from UTF-8 strings to offsets into a
 * block of replacements. Layout: sentencepiece, `normalizer.cc` (`DecodePrecompiledCharsMap`); units of the
 * trie: Darts-clone.
 */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #texts = new Map<number, string>();

  /** @param blob - u32 size of the trie in bytes, the trie, replacements ending in NUL; little-endian */
  constructor(blob: Uint8Array) {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const trieBytes = blob.length >= 4 ? view.getUint32(0, true) : 0;
    if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes > blob.length) {
      throw invalidArgument("precompiled_charsmap", "a charsmap of sentencepiece", blob);
    }
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + i * 4, true));
    this.#replacements = blob.subarray(4 + trieBytes);
  }

  /** The replacement of the shortest rule that is a prefix of `bytes`, or undefined when there is none. */
  lookUp(bytes: Uint8Array): string | undefined {
    const units = this.#units;
    let node = offset(units[0] as number);
    for (const byte of bytes) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || label(unit) !== byte) return undefined;
      node ^= offset(unit);
      if (hasLeaf(unit)) return this.#textAt(value(units[node] ?? 0));
    }
    return undefined;
  }

  #textAt(start: number): string {
    const known = this.#texts.get(start);
    if (known !== undefined) return known;
    const end = this.#replacements.indexOf(0, start);
    const bytes = this.#replacements.subarray(start, end === -1 ? undefined : end);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    this.#texts.set(start, text);
    return text;
  }
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function label(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function hasLeaf(unit: number): boolean {
  return ((unit >>> 8) & 1) === 1;
}

function value(unit: number): number {
  return unit & 0x7fffffff;
}
