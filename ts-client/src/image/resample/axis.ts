import type { Filter } from "./filters.ts";

/** Bits after the point of a coefficient: 8 of the 32 hold a sample, 2 the sign and the overshoot. */
export const PRECISION_BITS = 32 - 8 - 2;

/** Half of one level, added before the shift so that it rounds half up. */
export const HALF = 1 << (PRECISION_BITS - 1);

/**
 * One axis of a resize: which source samples make an output sample, and with what weights. Coefficients are
 * computed window by window, so that an axis of millions of samples costs no memory. Source of the
 * arithmetic: Pillow, `precompute_coeffs` and `normalize_coeffs_8bpc` in `src/libImaging/Resample.c`.
 */
export class Axis {
  readonly inSize: number;
  readonly outSize: number;
  /** The most source samples a window can have. */
  readonly windowSize: number;
  readonly #filter: Filter;
  readonly #scale: number;
  readonly #support: number;
  readonly #inverseScale: number;
  readonly #weights: Float64Array;

  constructor(inSize: number, outSize: number, filter: Filter) {
    const scale = inSize / outSize;
    const filterScale = Math.max(scale, 1);
    this.inSize = inSize;
    this.outSize = outSize;
    this.#filter = filter;
    this.#scale = scale;
    this.#support = filter.support * filterScale;
    this.#inverseScale = 1 / filterScale;
    this.windowSize = Math.ceil(this.#support) * 2 + 1;
    this.#weights = new Float64Array(Math.min(this.windowSize, inSize));
  }

  /** First source sample of an output sample's window. */
  start(out: number): number {
    return Math.max(Math.trunc(this.#center(out) - this.#support + 0.5), 0);
  }

  /** One past the last source sample of an output sample's window. */
  end(out: number): number {
    return Math.min(Math.trunc(this.#center(out) + this.#support + 0.5), this.inSize);
  }

  /** Writes the fixed-point coefficients of an output sample's window to `target` from `offset` on. */
  coefficients(out: number, target: Int32Array, offset: number): void {
    const weights = this.#weights;
    const first = this.start(out);
    const count = this.end(out) - first;
    const center = this.#center(out);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const weight = this.#filter.weight((i + first - center + 0.5) * this.#inverseScale);
      weights[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < count; i++) {
      const weight = weights[i] as number;
      const scaled = (sum === 0 ? weight : weight / sum) * (1 << PRECISION_BITS);
      target[offset + i] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
  }

  #center(out: number): number {
    return (out + 0.5) * this.#scale;
  }
}
