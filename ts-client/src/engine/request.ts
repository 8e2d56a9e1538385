import type { z } from "zod";
import type { generateOptions } from "../protocol/schema/generate-options.ts";
import type { Tensor } from "../tensor/index.ts";

/** Generation options in the wire's names, already checked. */
export type WireGenerateOptions = z.infer<typeof generateOptions>;

/** A picture ready for a worker. */
export interface PreparedImage {
  /** SHA-256 of the tensor's bytes, its shape and its type: 64 hexadecimal digits. */
  readonly hash: string;
  /** uint8 [height, width, 3], or float32 [3, height, width] already normalised. */
  readonly tensor: Tensor<"uint8"> | Tensor<"float32">;
}

/** What a worker needs to answer, one row, unpadded. */
export interface PreparedInputs {
  readonly image: PreparedImage;
  /** The language model's prompt. */
  readonly inputIds: Int32Array;
  /** The Q-Former's prompt. */
  readonly qformerInputIds: Int32Array;
}

/** The operations an engine knows, with what each takes and gives. */
export interface Operations {
  generate: { options: WireGenerateOptions; result: GenerateResult; chunk: GenerateChunk };
}
export type Op = keyof Operations;

/** A request to an {@link Engine}. */
export interface Request<K extends Op = Op> {
  readonly op: K;
  /** Which deployment; may be left out where there is one. */
  readonly modelId?: string;
  readonly options: Operations[K]["options"];
  /** Whether chunks are wanted. @default false */
  readonly stream?: boolean;
  /** Makes the inputs. Runs once the request is admitted, so that an overloaded pool decodes no picture. */
  readonly prepare: (signal: AbortSignal) => Promise<PreparedInputs>;
}

/** How a request is to be treated. */
export interface CallOptions {
  /** The request's id: a UUID in lower case. @default a new UUIDv7 */
  readonly requestId?: string;
  /** Ends the request; the promise rejects with CANCELLED whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal;
  /** Longest time from submit to settlement. @unit milliseconds @default 600000 */
  readonly deadlineMs?: number;
  /** Longest time in the queue. @unit milliseconds @default none */
  readonly queueTimeoutMs?: number;
  /** Longest time on a worker, each try counted afresh. @unit milliseconds @default none */
  readonly runTimeoutMs?: number;
  /** Higher goes first. @default 0 */
  readonly priority?: number;
  /** Tries after the first. @default 2 */
  readonly maxRetries?: number;
}

export type FinishReason = "eos" | "length" | "stop" | "time";

/** One try that failed before the answer came. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly workerId: string;
  readonly code: string;
  readonly message: string;
}

/** What every result carries. */
export interface ResultFacts {
  readonly requestId: string;
  /** Tries made, the successful one counted. */
  readonly attempts: number;
  readonly failedAttempts: readonly FailedAttempt[];
  /** Milliseconds by stage: `prepare`, `queue`, `wire`, `vision`, `qformer`, `prefill`, `decode`, `total`. */
  readonly timings: Readonly<Record<string, number>>;
  /** How many requests shared the computation. */
  readonly batchSize: number;
  /** Whether the picture's features came from a cache. */
  readonly imageCached: boolean;
  readonly workerId: string;
}

export interface GenerateResult extends ResultFacts {
  /** int64 [rows, tokens]: the start token, then new tokens, then padding. */
  readonly sequences: Tensor<"int64">;
  /** One for each row. */
  readonly finishReasons: readonly FinishReason[];
  /** Other tensors that were asked for, by transformers' names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** New tokens of a stream. */
export interface GenerateChunk {
  readonly tokens: readonly number[];
}

/**
 * A request under way. Await it for the result, or iterate it for chunks first (once); leaving the loop
 * early cancels.
 */
export interface Submission<K extends Op = Op>
  extends PromiseLike<Operations[K]["result"]>,
    AsyncIterable<Operations[K]["chunk"]> {
  readonly requestId: string;
  cancel(reason?: unknown): void;
}
