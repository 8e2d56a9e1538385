import { beforeAll, describe, expect, it } from "vitest";
import type { FinishReason, GenerateResult } from "../../../ts-client/src/engine/index.ts";
import { toAnswer } from "../../../ts-client/src/model/answer.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { bundledAssets } from "./fake-engine.ts";

let processor: InstructBlipProcessor;
beforeAll(async () => {
  processor = await InstructBlipProcessor.fromAssets(bundledAssets("tiny-shapes-t5"));
});

function result(
  rows: readonly (readonly number[])[],
  finishReasons: readonly FinishReason[],
  outputs: Record<string, Tensor> = {},
): GenerateResult {
  const ids = BigInt64Array.from(rows.flat(), BigInt);
  return {
    requestId: "r",
    attempts: 1,
    failedAttempts: [],
    timings: {},
    batchSize: 1,
    imageCached: false,
    workerId: "w",
    sequences: new Tensor("int64", [rows.length, rows[0]?.length ?? 0], ids),
    finishReasons,
    outputs,
  };
}

describe("an answer's tokens", () => {
  it("end with the tokenizer's end, without the padding behind it", () => {
    expect(toAnswer(result([[0, 5, 1, 0, 0]], ["eos"]), processor, {}).tokens).toEqual([5, 1]);
  });

  it("end with the first of the ids that the request said end it", () => {
    const options = { eos_token_id: [9, 7], pad_token_id: 3 };
    expect(toAnswer(result([[0, 5, 1, 7, 3, 3]], ["eos"]), processor, options).tokens).toEqual([5, 1, 7]);
  });

  it("are without the request's own padding", () => {
    expect(toAnswer(result([[0, 5, 6, 3, 3]], ["stop"]), processor, { pad_token_id: 3 }).tokens).toEqual([
      5, 6,
    ]);
  });

  it("keep an id of padding that the model made itself", () => {
    expect(toAnswer(result([[0, 5, 0]], ["length"]), processor, {}).tokens).toEqual([5, 0]);
  });
});

describe("an answer's likelihoods", () => {
  const values = Float32Array.of(-1, -0.5, 0, -2, -0.25, -4);
  const log_probs = new Tensor("float32", [2, 3], values);

  it("are those of the best answer's tokens, and the sum for each answer", () => {
    const rows = [
      [0, 5, 1, 0],
      [0, 5, 6, 7],
    ];
    const answer = toAnswer(result(rows, ["eos", "length"], { log_probs }), processor, {});
    expect(answer.logProbs).toEqual([-1, -0.5]);
    expect(answer.sequenceLogProbs).toEqual([-1.5, -6.25]);
  });

  it("are left out where they were not asked for", () => {
    const answer = toAnswer(result([[0, 5]], ["length"]), processor, {});
    expect(answer).not.toHaveProperty("logProbs");
    expect(answer).not.toHaveProperty("sequenceLogProbs");
  });
});
