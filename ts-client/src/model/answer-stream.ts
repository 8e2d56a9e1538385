import type { FinishReason, Submission } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { type Answer, type Reading, toAnswer } from "./answer.ts";
import { TextPieces } from "./text-pieces.ts";

/** A part of an answer, as it is generated. */
export interface AnswerPiece {
  /** Whole graphemes and whole stop strings; all pieces' texts together are the answer's text. */
  readonly text: string;
  /** All pieces' tokens together are the answer's tokens. */
  readonly tokens: readonly number[];
  /** How likely the model found each of these tokens, as natural logarithms; with `logProbs`. */
  readonly logProbs?: readonly number[];
  /** Why the answer ended: in the last piece, whose text may be empty, and in no other. */
  readonly finishReason?: FinishReason;
}

/**
 * An answer that arrives in pieces. Iterate it once; leaving the loop early cancels the request. A reader
 * slower than the model gets larger pieces. `result` may be awaited with or without iterating.
 *
 * @example
 * for await (const { text } of pool.stream({ image, prompt })) process.stdout.write(text);
 */
export class AnswerStream implements AsyncIterable<AnswerPiece> {
  /** A UUID: the caller's own, or a new one. */
  readonly requestId: string;
  /** The whole answer. */
  readonly result: Promise<Answer>;
  readonly #submission: Submission<"generate">;
  #waiting: AnswerPiece | undefined;
  #wake: () => void = () => {};
  #iterated = false;

  /**
   * @internal
   * @param reading - its processor is asked for once the first tokens are there
   */
  constructor(submission: Submission<"generate">, reading: Reading) {
    this.requestId = submission.requestId;
    this.#submission = submission;
    this.result = this.#read(reading);
    // A failure also ends the loop, so nobody has to await `result`.
    this.result.catch(() => undefined);
  }

  /** Ends the request; the loop and `result` fail with CANCELLED. */
  cancel(reason?: unknown): void {
    this.#submission.cancel(reason);
  }

  /** The pieces as they come, once. */
  [Symbol.asyncIterator](): AsyncIterator<AnswerPiece, void, undefined> {
    if (this.#iterated) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        "A stream can be iterated once. Await its `result` for the whole answer.",
      );
    }
    this.#iterated = true;
    return this.#pieces();
  }

  async *#pieces(): AsyncGenerator<AnswerPiece, void, undefined> {
    let finished = false;
    const finish = () => {
      finished = true;
      this.#wake();
    };
    this.result.then(finish, finish);
    try {
      while (true) {
        const piece = this.#waiting;
        // Tokens without text yet wait for the text.
        if (piece !== undefined && (piece.text !== "" || finished)) {
          this.#waiting = undefined;
          yield piece;
        } else if (finished) {
          await this.result;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      if (!finished) this.cancel("the reader left its loop");
    }
  }

  async #read({ processor, options }: Reading): Promise<Answer> {
    let pieces: TextPieces | undefined;
    for await (const { tokens, logProbs } of this.#submission) {
      pieces ??= new TextPieces(
        (await processor()).incrementalDecoder({ skipSpecialTokens: true }),
        options.stop_strings,
      );
      this.#add({ text: pieces.push(tokens), tokens, ...(logProbs !== undefined && { logProbs }) });
    }
    const answer = toAnswer(await this.#submission, await processor(), options);
    const { finishReason } = answer;
    if (pieces === undefined) {
      const { text, tokens, logProbs } = answer;
      this.#add({ text, tokens, finishReason, ...(logProbs !== undefined && { logProbs }) });
      return answer;
    }
    this.#add({ text: pieces.end(), tokens: [], finishReason });
    return { ...answer, text: pieces.text, texts: [pieces.text] };
  }

  #add(added: AnswerPiece): void {
    const before = this.#waiting;
    const logProbs = [...(before?.logProbs ?? []), ...(added.logProbs ?? [])];
    this.#waiting = {
      text: (before?.text ?? "") + added.text,
      tokens: [...(before?.tokens ?? []), ...added.tokens],
      ...(logProbs.length > 0 && { logProbs }),
      ...(added.finishReason !== undefined && { finishReason: added.finishReason }),
    };
    this.#wake();
  }
}
