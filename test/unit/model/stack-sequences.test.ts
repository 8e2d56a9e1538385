import { describe, expect, it } from "vitest";
import { stackSequences } from "../../../ts-client/src/model/stack-sequences.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const sequences = (...rows: bigint[][]) =>
  new Tensor("int64", [rows.length, rows[0]?.length ?? 0], BigInt64Array.from(rows.flat()));

describe("stackSequences", () => {
  it("pads every row on the right to the longest, in order", () => {
    const stacked = stackSequences([sequences([0n, 5n], [0n, 6n]), sequences([0n, 7n, 8n])], 9);
    expect(stacked.shape).toEqual([3, 3]);
    expect(stacked.toArray()).toEqual([
      [0, 5, 9],
      [0, 6, 9],
      [0, 7, 8],
    ]);
  });
});
