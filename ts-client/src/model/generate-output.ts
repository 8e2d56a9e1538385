import type { FinishReason, GenerateResult } from "../engine/index.ts";
import { type DType, Tensor } from "../tensor/index.ts";
import { stackRows } from "./stack-rows.ts";

/**
 * All that `generate` knows. Where transformers has a tuple of steps, here is one tensor with a dimension of steps. Rows
 * that end before others are padded: `sequences` with the padding token, scores and logits with 0, `beamIndices` with -1.
 *
 * Hidden states and attention maps have each row's own positions, so they stay apart: they are in the `outputs` of
 * `results`.
 */
export interface GenerateOutput {
  /** int64 [rows × answers, tokens]: the start token, new tokens, padding. */
  readonly sequences: Tensor<"int64">;
  /** One for each row of `sequences`. */
  readonly finishReasons: readonly FinishReason[];
  /** float32 [rows × answers, steps, vocabulary], with `outputScores`; with beams, [rows × beams, steps, vocabulary]. */
  readonly scores?: Tensor<"float32">;
  /** As `scores`, with `outputLogits`. */
  readonly logits?: Tensor<"float32">;
  /** float32 [rows × answers, tokens]: how likely the model found each new token, with `logProbs`; 0 behind the end. */
  readonly logProbs?: Tensor<"float32">;
  /** float32 [rows × answers]: the sums that beam search ranked by, with `outputScores` and beams. */
  readonly sequencesScores?: Tensor<"float32">;
  /** int32 [rows × answers, tokens]: the row of `scores` that each new token came from, with `outputScores` and beams. */
  readonly beamIndices?: Tensor<"int32">;
  /** The requests' results in the rows' order, with their timings and all their outputs. */
  readonly results: readonly GenerateResult[];
}

/** The results of a batch's requests as one. */
export function toGenerateOutput(results: readonly GenerateResult[], padTokenId: number): GenerateOutput {
  const logProbs = outputs(results, "log_probs", "float32");
  const scores = outputs(results, "scores", "float32");
  const logits = outputs(results, "logits", "float32");
  const beamScores = outputs(results, "sequences_scores", "float32");
  const beamIndices = outputs(results, "beam_indices", "int32");
  return {
    sequences: stackRows(
      "int64",
      results.map(({ sequences }) => sequences),
      BigInt(padTokenId),
    ),
    finishReasons: results.flatMap((result) => result.finishReasons),
    ...(logProbs !== undefined && { logProbs: stackRows("float32", logProbs, 0) }),
    ...(scores !== undefined && { scores: stackRows("float32", scores, 0) }),
    ...(logits !== undefined && { logits: stackRows("float32", logits, 0) }),
    ...(beamScores !== undefined && { sequencesScores: joined(beamScores) }),
    ...(beamIndices !== undefined && { beamIndices: stackRows("int32", ofBatch(beamIndices, scores), -1) }),
    results,
  };
}

/** One output of every result; undefined when they have none. */
function outputs<D extends DType>(
  results: readonly GenerateResult[],
  name: string,
  dtype: D,
): readonly Tensor<D>[] | undefined {
  const found = results.map((result) => result.outputs[name]);
  return found.every((tensor) => tensor?.dtype === dtype) ? (found as Tensor<D>[]) : undefined;
}

function joined(tensors: readonly Tensor<"float32">[]): Tensor<"float32"> {
  const values = tensors.flatMap(({ data }) => Array.from(data));
  return new Tensor("float32", [values.length], Float32Array.from(values));
}

/** A request counts its own beams from 0; in the batch they stand behind those of the requests before. */
function ofBatch(
  indices: readonly Tensor<"int32">[],
  scores: readonly Tensor[] | undefined,
): Tensor<"int32">[] {
  let before = 0;
  return indices.map((tensor, request) => {
    const first = before;
    before += scores?.[request]?.shape[0] ?? 0;
    return new Tensor(
      "int32",
      tensor.shape,
      tensor.data.map((beam) => (beam < 0 ? beam : beam + first)),
    );
  });
}
