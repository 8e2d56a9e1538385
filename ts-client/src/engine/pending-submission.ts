import { InstructBlipError } from "../errors/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { STREAM_CREDIT } from "./credit.ts";
import type { AnyResult, GenerateChunk, Op, Operations, Submission } from "./request.ts";

/** Most tokens of a chunk on the wire. */
const CHUNK_TOKENS = 1024;

interface SubmissionHooks {
  readonly onCancel: (reason: unknown) => void;
  /** The reader has taken that many chunks: the worker may send as many more. */
  readonly onConsumed: (chunks: number) => void;
}

/** A request under way, as its caller holds it: a promise of the result and a stream of chunks. */
export class PendingSubmission<K extends Op = Op> implements Submission<K> {
  readonly requestId: string;
  readonly #hooks: SubmissionHooks;
  readonly #result: Promise<Operations[K]["result"]>;
  readonly #chunks: GenerateChunk[] = [];
  #settle!: { resolve: (result: Operations[K]["result"]) => void; reject: (error: unknown) => void };
  #ended = false;
  #error: unknown;
  /** Readers that wait; a reader may ask for several chunks ahead. */
  #waiting: (() => void)[] = [];
  #iterated = false;
  #unreported = 0;
  /** Tokens given to the stream. */
  #delivered = 0;

  constructor(requestId: string, hooks: SubmissionHooks) {
    this.requestId = requestId;
    this.#hooks = hooks;
    this.#result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever reads only the stream learns of the failure there.
    this.#result.catch(() => {});
  }

  // biome-ignore lint/suspicious/noThenProperty: a submission is awaited for its result
  then<A = Operations[K]["result"], B = never>(
    onResult?: ((result: Operations[K]["result"]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(onResult, onError);
  }

  cancel(reason?: unknown): void {
    if (!this.#ended) this.#hooks.onCancel(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<Operations[K]["chunk"], undefined> {
    if (this.#iterated) {
      throw new InstructBlipError("INVALID_ARGUMENT", "The chunks of a request can be read once only.");
    }
    this.#iterated = true;
    return {
      // Operations other than `generate` have no chunks: nothing is delivered for them.
      next: () => this.#next() as Promise<IteratorResult<Operations[K]["chunk"], undefined>>,
      return: async () => {
        this.cancel(new InstructBlipError("CANCELLED", "The reader left the stream."));
        return { done: true, value: undefined };
      },
    };
  }

  deliver(tokens: readonly number[], logProbs?: readonly number[]): void {
    this.#delivered += tokens.length;
    this.#chunks.push(logProbs === undefined ? { tokens } : { tokens, logProbs });
    this.#wake();
  }

  resolve(result: AnyResult): void {
    // A worker without credit keeps tokens back; those it still has at the end come with the result alone.
    if (this.#delivered > 0 && "sequences" in result) {
      this.#deliverRest(Array.from(result.sequences.data, Number), result.outputs?.log_probs);
    }
    this.#ended = true;
    this.#settle.resolve(result as Operations[K]["result"]);
    this.#wake();
  }

  reject(error: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#settle.reject(error);
    this.#wake();
  }

  /** A chunk travels on to other processes, so it has no more tokens than one from a worker. */
  #deliverRest([, ...tokens]: readonly number[], logProbs: Tensor | undefined): void {
    const values = logProbs === undefined ? undefined : Array.from(logProbs.data, Number);
    while (this.#delivered < tokens.length) {
      const from = this.#delivered;
      this.deliver(tokens.slice(from, from + CHUNK_TOKENS), values?.slice(from, from + CHUNK_TOKENS));
    }
  }

  async #next(): Promise<IteratorResult<GenerateChunk, undefined>> {
    while (this.#chunks.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#report();
      return { done: false, value: chunk };
    }
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Gives credit back in halves, not chunk by chunk. */
  #report(): void {
    this.#unreported += 1;
    if (this.#unreported < STREAM_CREDIT / 2 || this.#ended) return;
    this.#hooks.onConsumed(this.#unreported);
    this.#unreported = 0;
  }
}
