/** A resampling kernel: zero outside ±`support`. */
export interface Filter {
  /** Half the kernel's width when enlarging, in source pixels. */
  readonly support: number;
  readonly weight: (distance: number) => number;
}

/**
 * Pillow's convolution filters that use no trigonometry, so that they are equal to the last bit on every
 * platform, by the number that `resample` has in a preprocessor config (`PIL.Image.Resampling`).
 * Formulas: Pillow, `src/libImaging/Resample.c`; bicubic is Keys' kernel with a = −0.5.
 */
export const FILTERS: ReadonlyMap<number, Filter> = new Map([
  [2, { support: 1, weight: triangle }],
  [3, { support: 2, weight: cubic }],
  [4, { support: 0.5, weight: box }],
]);

/** Names of Pillow's resampling filters, by number. */
export const FILTER_NAMES = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"] as const;

function triangle(distance: number): number {
  const x = Math.abs(distance);
  return x < 1 ? 1 - x : 0;
}

function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function box(distance: number): number {
  return distance > -0.5 && distance <= 0.5 ? 1 : 0;
}
