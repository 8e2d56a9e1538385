import { describe, expect, it } from "vitest";
import type { GenerateResult } from "../../../ts-client/src/engine/index.ts";
import { toGenerateOutput } from "../../../ts-client/src/model/generate-output.ts";
import { stackRows } from "../../../ts-client/src/model/stack-rows.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const ids = (...rows: bigint[][]) =>
  new Tensor("int64", [rows.length, rows[0]?.length ?? 0], BigInt64Array.from(rows.flat()));
const floats = (shape: number[], ...values: number[]) =>
  new Tensor("float32", shape, Float32Array.from(values));

function result(sequences: Tensor<"int64">, outputs: Record<string, Tensor> = {}): GenerateResult {
  return {
    requestId: "r",
    attempts: 1,
    failedAttempts: [],
    timings: {},
    batchSize: 1,
    imageCached: false,
    workerId: "w",
    finishReasons: Array.from({ length: sequences.shape[0] ?? 0 }, () => "eos" as const),
    sequences,
    outputs,
  };
}

describe("stackRows", () => {
  it("pads every row on the right to the longest, in order", () => {
    const stacked = stackRows("int64", [ids([0n, 5n], [0n, 6n]), ids([0n, 7n, 8n])], 9n);
    expect(stacked.shape).toEqual([3, 3]);
    expect(stacked.toArray()).toEqual([
      [0, 5, 9],
      [0, 6, 9],
      [0, 7, 8],
    ]);
  });

  it("keeps the dimensions behind the second", () => {
    const stacked = stackRows("float32", [floats([1, 1, 2], 1, 2), floats([1, 2, 2], 3, 4, 5, 6)], 0);
    expect(stacked.toArray()).toEqual([
      [
        [1, 2],
        [0, 0],
      ],
      [
        [3, 4],
        [5, 6],
      ],
    ]);
  });
});

describe("the output of a batch", () => {
  it("has what was asked for, and nothing else", () => {
    const output = toGenerateOutput([result(ids([0n, 5n])), result(ids([0n, 6n, 7n]))], 3);
    expect(Object.keys(output)).toEqual(["sequences", "finishReasons", "results"]);
    expect(output.sequences.toArray()).toEqual([
      [0, 5, 3],
      [0, 6, 7],
    ]);
  });

  it("has scores of steps below one another, 0 where a row was over", () => {
    const output = toGenerateOutput(
      [
        result(ids([0n, 5n]), { scores: floats([1, 1, 2], 1, 2), logits: floats([1, 1, 2], 7, 8) }),
        result(ids([0n, 6n, 7n]), {
          scores: floats([1, 2, 2], 3, 4, 5, 6),
          logits: floats([1, 2, 2], 1, 1, 1, 1),
        }),
      ],
      3,
    );
    expect(output.scores?.shape).toEqual([2, 2, 2]);
    expect(output.scores?.slice(0).toArray()).toEqual([
      [1, 2],
      [0, 0],
    ]);
    expect(output.logits?.at(0, 0, 1).item()).toBe(8);
  });

  it("counts beams through the batch, as transformers does", () => {
    const beams = (...indices: number[]) => ({
      scores: floats([2, 2, 1], 1, 2, 3, 4),
      sequences_scores: floats([1], -0.5),
      beam_indices: new Tensor("int32", [1, indices.length], Int32Array.from(indices)),
    });
    const output = toGenerateOutput(
      [result(ids([0n, 5n, 6n]), beams(0, 1)), result(ids([0n, 7n, 8n]), beams(0, -1))],
      3,
    );
    expect(output.scores?.shape).toEqual([4, 2, 1]);
    expect(output.beamIndices?.toArray()).toEqual([
      [0, 1],
      [2, -1],
    ]);
    expect(output.sequencesScores?.toArray()).toEqual([-0.5, -0.5]);
  });
});
