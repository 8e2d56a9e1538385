/** A set of code points, given as ranges: `"41-5a 61-7a 5f"`, hexadecimal, in rising order. */
export class CodePointSet {
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor(ranges: string) {
    const pairs = ranges
      .trim()
      .split(/\s+/)
      .map((range) => range.split("-").map((hex) => Number.parseInt(hex, 16)));
    this.#starts = Uint32Array.from(pairs, ([start]) => start as number);
    this.#ends = Uint32Array.from(pairs, ([start, end]) => end ?? (start as number));
  }

  /** Whether the first code point of `text` is in the set. */
  hasFirstOf(text: string): boolean {
    return this.has(text.codePointAt(0) as number);
  }

  has(codePoint: number): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) < codePoint) low = middle + 1;
      else high = middle;
    }
    return low < this.#starts.length && (this.#starts[low] as number) <= codePoint;
  }
}
