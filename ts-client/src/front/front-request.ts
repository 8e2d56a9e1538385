import { type AnyResult, type FailedAttempt, STREAM_CREDIT, type Submission } from "../engine/index.ts";
import { InstructBlipError, isErrorCode } from "../errors/index.ts";
import { clipMessage, type HeaderOf, splitOutputs } from "../protocol/index.ts";
import type { Tensor } from "../tensor/index.ts";

/** Tries that are told of, and characters of each one's message: an ERROR's header holds 16 KiB. */
const MOST_ATTEMPTS = 32;
const ATTEMPT_MESSAGE = 80;

/** Sends a message to the client whose request this is. */
export interface FrontSender {
  chunk(header: HeaderOf<"CHUNK">): void;
  part(header: Omit<HeaderOf<"PART">, "tensors">, tensors: readonly Tensor[]): void;
  result(header: Omit<HeaderOf<"RESULT">, "tensors">, tensors: readonly Tensor[]): void;
  error(header: HeaderOf<"ERROR">): void;
}

/** A client's request in the pool's hands: passes chunks on as the client's credit allows, then its end. */
export class FrontRequest {
  readonly requestId: string;
  readonly #attempt: number;
  readonly #submission: Submission;
  readonly #sender: FrontSender;
  #credit: number;
  #sent = 0;
  #credited: () => void = () => {};
  #left = false;

  constructor(item: HeaderOf<"SUBMIT">["items"][number], submission: Submission, sender: FrontSender) {
    this.requestId = item.request_id;
    this.#attempt = item.attempt;
    this.#submission = submission;
    this.#sender = sender;
    this.#credit = item.credit ?? STREAM_CREDIT;
  }

  /** Runs to the end; never rejects. */
  async run(stream: boolean): Promise<void> {
    try {
      if (stream) await this.#passChunks();
      await this.#passResult(await this.#submission);
    } catch (error) {
      this.#passError(error);
    }
  }

  addCredit(chunks: number): void {
    this.#credit += chunks;
    this.#credited();
  }

  /** The client gave up, or is gone. */
  cancel(reason: string): void {
    this.#submission.cancel(new InstructBlipError("CANCELLED", reason));
    this.#left = true;
    this.#credit = Number.POSITIVE_INFINITY;
    this.#credited();
  }

  async #passChunks(): Promise<void> {
    for await (const { tokens, logProbs } of this.#submission) {
      await this.#spendCredit();
      const chunk = {
        request_id: this.requestId,
        attempt: this.#attempt,
        seq: this.#sent,
        tokens: [...tokens],
        ...(logProbs !== undefined && { log_probs: [...logProbs] }),
      };
      this.#sender.chunk({ chunks: [chunk] });
      this.#sent += 1;
    }
  }

  /** Waits until one message more may be sent. */
  async #spendCredit(): Promise<void> {
    while (this.#credit <= 0) {
      await new Promise<void>((resolve) => {
        this.#credited = resolve;
      });
    }
    this.#credit -= 1;
  }

  async #passResult(result: AnyResult): Promise<void> {
    const sequences = "sequences" in result ? { sequences: result.sequences } : {};
    const { small: named, parts } = splitOutputs({ ...sequences, ...result.outputs });
    const of = { request_id: this.requestId, attempt: this.#attempt };
    for (const { header, tensor } of parts) {
      await this.#spendCredit();
      if (this.#left) return;
      this.#sender.part({ ...of, ...header }, [tensor]);
    }
    this.#sender.result(
      {
        request_id: this.requestId,
        attempt: this.#attempt,
        chunks: this.#sent,
        ...(parts.length > 0 && { parts: parts.length }),
        outputs: Object.fromEntries(named.map(([name], index) => [name, index])),
        finish_reasons: "finishReasons" in result ? [...result.finishReasons] : [],
        timings: { ...result.timings },
        batch_size: result.batchSize,
        image_cached: result.imageCached,
        worker_id: result.workerId,
        tries: result.attempts,
        attempts: attemptRecords(result.failedAttempts),
      },
      named.map(([, tensor]) => tensor),
    );
  }

  #passError(error: unknown): void {
    const known = InstructBlipError.isInstance(error)
      ? error
      : new InstructBlipError("INTERNAL", error instanceof Error ? error.message : String(error));
    this.#sender.error({
      request_id: this.requestId,
      attempt: this.#attempt,
      code: known.code,
      message: clipMessage(known.message),
      started: known.attempts.length > 0 || this.#sent > 0,
      ...(known.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(known.retryAfterMs) }),
      ...(known.path === undefined ? {} : { path: known.path.slice(0, 256) }),
      attempts: attemptRecords(known.attempts),
    });
  }
}

/** The last tries, short enough for a header. */
function attemptRecords(tries: readonly FailedAttempt[]): NonNullable<HeaderOf<"ERROR">["attempts"]> {
  return tries.slice(-MOST_ATTEMPTS).map(({ attempt, workerId, code, message }) => {
    const text = message.length <= ATTEMPT_MESSAGE ? message : `${message.slice(0, ATTEMPT_MESSAGE)}…`;
    return {
      attempt,
      worker_id: workerId.slice(0, 64),
      code: isErrorCode(code) ? code : "INTERNAL",
      message: clipMessage(text),
    };
  });
}
