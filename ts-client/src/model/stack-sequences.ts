import { Tensor } from "../tensor/index.ts";

/**
 * Rows of several results below one another, padded on the right to the longest.
 *
 * @param sequences - int64 [rows, tokens] each
 * @returns int64 [all rows, most tokens]
 */
export function stackSequences(sequences: readonly Tensor<"int64">[], padTokenId: number): Tensor<"int64"> {
  const rows = sequences.flatMap((tensor) =>
    Array.from({ length: tensor.shape[0] ?? 0 }, (_, row) => tensor.slice(row).data),
  );
  const width = Math.max(0, ...rows.map((row) => row.length));
  const data = new BigInt64Array(rows.length * width).fill(BigInt(padTokenId));
  for (const [index, row] of rows.entries()) data.set(row, index * width);
  return new Tensor("int64", [rows.length, width], data);
}
