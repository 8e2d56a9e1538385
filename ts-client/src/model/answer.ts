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
  return {
    ...rest,
    text: texts[0] ?? "",
    texts,
    tokens: newTokens(sequences, processor.tokenizer.padTokenId),
    finishReason: finishReasons[0] ?? "length",
  };
}

/** The first row without the start token and the padding. */
function newTokens(sequences: Tensor<"int64">, padTokenId: number | undefined): number[] {
  const tokens = rowTokens(sequences, 0).slice(1);
  let end = tokens.length;
  while (end > 0 && tokens[end - 1] === padTokenId) end -= 1;
  return tokens.slice(0, end);
}

function rowTokens(sequences: Tensor<"int64">, row: number): number[] {
  return Array.from(sequences.slice(row).data, Number);
}
