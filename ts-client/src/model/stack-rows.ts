import { ARRAY_TYPES, type DType, Tensor, type TypedArrayOf } from "../tensor/index.ts";

/**
 * Rows of several results below one another, padded along the second dimension to the longest. The copy is made when
 * its data is first looked at.
 *
 * @param tensors - [rows, length, …] each, alike but for rows and length
 * @returns [all rows, most length, …]
 */
export function stackRows<D extends DType>(
  dtype: D,
  tensors: readonly Tensor<D>[],
  fill: TypedArrayOf<D>[number],
): Tensor<D> {
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const length = Math.max(0, ...tensors.map(({ shape }) => shape[1] ?? 0));
  const rest = tensors[0]?.shape.slice(2) ?? [];
  const stride = rest.reduce((product, n) => product * n, length);
  const shape = [rows, length, ...rest];
  return new Tensor(dtype, shape, () => {
    const data = new ARRAY_TYPES[dtype](rows * stride) as Filled;
    data.fill(fill as never);
    let row = 0;
    for (const tensor of tensors) {
      for (let own = 0; own < (tensor.shape[0] ?? 0); own++) {
        data.set(tensor.slice(own).data as never, row * stride);
        row += 1;
      }
    }
    return data as unknown as TypedArrayOf<D>;
  });
}

/** What all typed arrays have in common, whatever their elements. */
interface Filled {
  fill(value: never): unknown;
  set(values: never, offset: number): void;
}
