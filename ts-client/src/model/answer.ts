import type { FinishReason, GenerateResult, ResultFacts, WireGenerateOptions } from "../engine/index.ts";
import type { InstructBlipProcessor } from "../processor/index.ts";
import type { Tensor } from "../tensor/index.ts";

/** The answer to a question about a picture. */
export interface Answer extends ResultFacts {
  /** The best answer, without white space at its ends. */
  readonly text: string;
  /** All answers, best first: more than one with `numReturnSequences`. */
  readonly texts: readonly string[];
  /** The best answer's new tokens, with the one that ended it. */
  readonly tokens: readonly number[];
  /** Why the best answer ended: its own end, the length, a stop string or the time. */
  readonly finishReason: FinishReason;
  /** How likely the model found each of `tokens`, as natural logarithms; with `logProbs`. */
  readonly logProbs?: readonly number[];
  /** How likely it found each of `texts` as a whole: the sum over its tokens; with `logProbs`. */
  readonly sequenceLogProbs?: readonly number[];
  /** Scores and logits that were asked for, by transformers' names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

type Decoder = Pick<InstructBlipProcessor, "decode" | "tokenizer">;

/** What turns a request's tokens into text. */
export interface Reading {
  readonly processor: () => Promise<InstructBlipProcessor>;
  readonly options: WireGenerateOptions;
}

/** A result with its text. */
export function toAnswer(
  result: GenerateResult,
  processor: Decoder,
  options: Pick<WireGenerateOptions, "eos_token_id" | "pad_token_id">,
): Answer {
  const { sequences, finishReasons, ...rest } = result;
  const rows = sequences.shape[0] ?? 0;
  const texts = Array.from({ length: rows }, (_, row) =>
    processor.decode(rowTokens(sequences, row), { skipSpecialTokens: true }).trim(),
  );
  const finishReason = finishReasons[0] ?? "length";
  const { eosTokenId, padTokenId } = processor.tokenizer;
  const ends = options.eos_token_id ?? (eosTokenId === undefined ? [] : [eosTokenId]);
  const tokens = newTokens(
    rowTokens(sequences, 0).slice(1),
    finishReason,
    ends,
    options.pad_token_id ?? padTokenId,
  );
  const likelihoods = likelihoodsOf(rest.outputs.log_probs, tokens.length);
  return { ...rest, text: texts[0] ?? "", texts, tokens, finishReason, ...likelihoods };
}

/** From float32 [rows, tokens], 0 behind the end of a row. */
function likelihoodsOf(
  logProbs: Tensor | undefined,
  tokens: number,
): Pick<Answer, "logProbs" | "sequenceLogProbs"> {
  if (logProbs === undefined) return {};
  const rows = Array.from({ length: logProbs.shape[0] ?? 0 }, (_, row) =>
    Array.from(logProbs.slice(row).data, Number),
  );
  return {
    logProbs: rows[0]?.slice(0, tokens) ?? [],
    sequenceLogProbs: rows.map((row) => row.reduce((sum, value) => sum + value, 0)),
  };
}

/** A row's tokens without the padding that longer rows beside it ask for. */
function newTokens(
  tokens: readonly number[],
  finishReason: FinishReason,
  ends: readonly number[],
  padTokenId: number | undefined,
): readonly number[] {
  // A row of full length has no padding, though a model may well generate the padding's id.
  if (finishReason === "length") return tokens;
  const end = finishReason === "eos" ? tokens.findIndex((token) => ends.includes(token)) + 1 : 0;
  return tokens.slice(0, end > 0 ? end : tokens.findLastIndex((token) => token !== padTokenId) + 1);
}

function rowTokens(sequences: Tensor<"int64">, row: number): number[] {
  return Array.from(sequences.slice(row).data, Number);
}
