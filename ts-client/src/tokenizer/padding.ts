import { Tensor } from "../tensor/index.ts";

/** Rows of ids as int64 tensors [batch, length]. */
export interface PaddedIds {
  /** [batch, length]. */
  readonly inputIds: Tensor<"int64">;
  /** 1 for a token, 0 for padding: [batch, length]. */
  readonly attentionMask: Tensor<"int64">;
}

/** Pads rows to `length`, which none may be over. */
export function padRows(
  rows: readonly (readonly number[])[],
  length: number,
  padId: number,
  side: "left" | "right",
): PaddedIds {
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(padId));
  const mask = new BigInt64Array(rows.length * length);
  rows.forEach((row, i) => {
    const start = i * length + (side === "left" ? length - row.length : 0);
    row.forEach((id, j) => {
      ids[start + j] = BigInt(id);
      mask[start + j] = 1n;
    });
  });
  const shape = [rows.length, length];
  return { inputIds: new Tensor("int64", shape, ids), attentionMask: new Tensor("int64", shape, mask) };
}
