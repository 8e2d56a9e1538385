/**
 * Where the largest of each run of values is: the first of equals; NaN counts as largest, as in PyTorch.
 *
 * @param values - [outer, length, inner]
 * @param length - at least 1
 * @returns [outer, inner]
 */
export function argmaxAlong(
  values: ArrayLike<number> | ArrayLike<bigint>,
  outer: number,
  length: number,
  inner: number,
): BigInt64Array<ArrayBuffer> {
  const indices = new BigInt64Array(outer * inner);
  for (let row = 0; row < outer; row++) {
    for (let column = 0; column < inner; column++) {
      const from = row * length * inner + column;
      indices[row * inner + column] = BigInt(largest(values, from, length, inner));
    }
  }
  return indices;
}

function largest(
  values: ArrayLike<number> | ArrayLike<bigint>,
  from: number,
  length: number,
  step: number,
): number {
  let best = 0;
  let most = values[from] as number | bigint;
  for (let i = 0, at = from; i < length; i++, at += step) {
    const value = values[at] as number | bigint;
    // Only NaN differs from itself.
    // biome-ignore lint/suspicious/noSelfCompare: it holds for bigint too, which Number.isNaN refuses
    if (value !== value) return i;
    if (value > most) [best, most] = [i, value];
  }
  return best;
}
