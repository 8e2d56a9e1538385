import type { ResultFacts, TensorResult } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";

/** How likely the model finds an answer, as natural logarithms. */
export interface Likelihood {
  /** Of the whole answer: the sum over its tokens. */
  readonly logProb: number;
  /** The mean over its tokens. */
  readonly meanLogProb: number;
  /** Its tokens. */
  readonly tokens: readonly number[];
  /** Of each token, after those before it. */
  readonly logProbs: readonly number[];
}

/** One of the answers that were to be ranked. */
export interface RankedCandidate extends Likelihood {
  /** Its place in `candidates`. */
  readonly index: number;
  readonly text: string;
  /** Its share among the candidates, from 0 to 1: the softmax of what they are ranked by. */
  readonly share: number;
}

/** Answers by how likely they are. */
export interface Ranking extends ResultFacts {
  /** The likeliest. */
  readonly best: RankedCandidate;
  /** All of them, the likeliest first; equal ones in the order they were given. */
  readonly ranked: readonly RankedCandidate[];
}

/** One answer and how likely it is. */
export interface Score extends ResultFacts, Likelihood {}

/** The likelihoods of a result's candidates, in their order. */
export function likelihoodsOf(result: TensorResult, candidates: readonly Int32Array[]): Likelihood[] {
  const { log_probs: values } = result.outputs;
  if (values?.dtype !== "float32" || values.shape[0] !== candidates.length) {
    throw new InstructBlipError("OUTPUT_INVALID", "The worker's answer holds no log-probabilities.", {
      requestId: result.requestId,
    });
  }
  return candidates.map((tokens, i) => {
    const logProbs = Array.from(values.slice(i).data.subarray(0, tokens.length), Number);
    const logProb = logProbs.reduce((sum, value) => sum + value, 0);
    return { logProb, meanLogProb: logProb / tokens.length, tokens: Array.from(tokens), logProbs };
  });
}

/** The facts of a result without its tensors. */
export function factsOf({ outputs: _, ...facts }: TensorResult): ResultFacts {
  return facts;
}

/** Puts candidates in order. */
export function toRanking(
  texts: readonly string[],
  likelihoods: readonly Likelihood[],
  by: "sum" | "mean",
  facts: ResultFacts,
): Ranking {
  const value = ({ logProb, meanLogProb }: Likelihood) => (by === "sum" ? logProb : meanLogProb);
  const most = Math.max(...likelihoods.map(value));
  const weights = likelihoods.map((likelihood) => Math.exp(value(likelihood) - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const ranked = likelihoods
    .map((likelihood, index) => {
      const share = (weights[index] ?? 0) / total;
      return { index, text: texts[index] ?? "", share, ...likelihood };
    })
    .sort((one, other) => value(other) - value(one));
  const [best] = ranked;
  if (best === undefined) throw new InstructBlipError("INTERNAL", "There is no candidate to rank.");
  return { ...facts, best, ranked };
}
