import type { FinishReason, GenerateResult, ResultFacts } from "../engine/index.ts";
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
  /** Scores and logits that were asked for, by transformers' names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

type Decoder = Pick<InstructBlipProcessor, "decode" | "tokenizer">;

/** A result with its text. */
export function toAnswer(result: GenerateResult, processor: Decoder): Answer {
  const { sequences, finishReasons, ...rest } = result;
  const rows = sequences.shape[0] ?? 0;
  const texts = Array.from({ length: rows }, (_, row) =>
    processor.decode(rowTokens(sequences, row), { skipSpecialTokens: true }).trim(),
  );
  const finishReason = finishReasons[0] ?? "length";
  return {
    ...rest,
    text: texts[0] ?? "",
    texts,
    tokens: newTokens(rowTokens(sequences, 0).slice(1), finishReason, processor.tokenizer),
    finishReason,
  };
}

/** A row's tokens without the padding that longer rows beside it ask for. */
function newTokens(
  tokens: readonly number[],
  finishReason: FinishReason,
  { eosTokenId, padTokenId }: Pick<Decoder["tokenizer"], "eosTokenId" | "padTokenId">,
): readonly number[] {
  // A row of full length has no padding, though a model may well generate the padding's id.
  if (finishReason === "length") return tokens;
  const end = finishReason === "eos" && eosTokenId !== undefined ? tokens.indexOf(eosTokenId) + 1 : 0;
  return tokens.slice(0, end > 0 ? end : tokens.findLastIndex((token) => token !== padTokenId) + 1);
}

function rowTokens(sequences: Tensor<"int64">, row: number): number[] {
  return Array.from(sequences.slice(row).data, Number);
}
