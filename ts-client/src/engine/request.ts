import type { z } from "zod";
import type { HeaderOf } from "../protocol/index.ts";
import type { generateOptions } from "../protocol/schema/generate-options.ts";
import type { Tensor } from "../tensor/index.ts";

/** Generation options in the wire's names, already checked. */
export interface WireGenerateOptions extends z.infer<typeof generateOptions> {}

/** A picture ready for a worker. */
export interface PreparedImage {
  /** SHA-256 of the tensor's bytes, its shape and its type: 64 hexadecimal digits. */
  readonly hash: string;
  /** uint8 [height, width, 3], or float32 [3, height, width] already normalised. */
  readonly tensor: Tensor<"uint8"> | Tensor<"float32">;
  /** Whether it may have another size than the model's: its position embeddings are interpolated. @default false */
  readonly interpolate?: boolean;
}

/** What a worker needs to answer, one row, unpadded. */
export interface PreparedInputs {
  readonly image: PreparedImage;
  /** The language model's prompt. */
  readonly inputIds: Int32Array;
  /** The Q-Former's prompt. */
  readonly qformerInputIds: Int32Array;
}

/** What a worker needs to say how likely some answers are. */
export interface RankInputs extends PreparedInputs {
  /** The answers, each as its tokens. */
  readonly candidates: readonly Int32Array[];
}

/** Tensors by transformers' names, such as `pixel_values`; whole batches. */
export type TensorInputs = Readonly<Record<string, Tensor>>;

type WireForwardOp = Extract<HeaderOf<"SUBMIT">["items"][number]["op"], { kind: "forward" }>;

/** What is wanted of a forward pass, in the wire's names. */
export type WireForwardOptions = Pick<WireForwardOp, "outputs" | "output_dtype" | "interpolate_pos_encoding">;

interface TensorOperation {
  inputs: TensorInputs;
  options: WireForwardOptions;
  result: TensorResult;
  chunk: never;
}

/** The operations an engine knows, with what each takes and gives. */
export interface Operations {
  /** New tokens. */
  generate: {
    inputs: PreparedInputs;
    options: WireGenerateOptions;
    result: GenerateResult;
    chunk: GenerateChunk;
  };
  /** How likely some answers are. */
  rank: {
    inputs: RankInputs;
    options: Readonly<Record<string, never>>;
    result: TensorResult;
    chunk: never;
  };
  /** One pass through the whole model. */
  forward: TensorOperation;
  /** One pass through the vision model. */
  visionForward: TensorOperation;
  /** One pass through the Q-Former. */
  qformerForward: TensorOperation;
  /** All that comes before the language model. */
  imageFeatures: TensorOperation;
}
/** The name of an operation. */
export type Op = keyof Operations;
/** A request of any operation. */
export type AnyRequest = { [K in Op]: Request<K> }[Op];
/** The inputs of any operation. */
export type AnyInputs = Operations[Op]["inputs"];
/** The result of any operation. */
export type AnyResult = Operations[Op]["result"];

/** A request to an {@link Engine}. */
export interface Request<K extends Op = Op> {
  readonly op: K;
  /** Which deployment; may be left out where there is one. */
  readonly modelId?: string;
  readonly options: Operations[K]["options"];
  /** Whether chunks are wanted. @default false */
  readonly stream?: boolean;
  /** Makes the inputs. Runs once the request is admitted, so that an overloaded pool decodes no picture. */
  readonly prepare: (signal: AbortSignal) => Promise<Operations[K]["inputs"]>;
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

/** Why a row ended: its own end, the length, a stop string or the time. */
export type FinishReason = "eos" | "length" | "stop" | "time";

/** One try that failed before the answer came. */
export interface FailedAttempt {
  /** 1 for the first try. */
  readonly attempt: number;
  /** The worker that had the request. */
  readonly workerId: string;
  /** How the try ended: an error code. */
  readonly code: string;
  /** What the error said, for people. */
  readonly message: string;
}

/** What every result carries. */
export interface ResultFacts {
  /** The request's id, as the caller gave it or a new one. */
  readonly requestId: string;
  /** Tries made, the successful one counted. */
  readonly attempts: number;
  /** The tries before the successful one. */
  readonly failedAttempts: readonly FailedAttempt[];
  /** Milliseconds by stage: `prepare`, `queue`, `wire`, `vision`, `qformer`, `prefill`, `decode`, `total`. */
  readonly timings: Readonly<Record<string, number>>;
  /** How many requests shared the computation. */
  readonly batchSize: number;
  /** Whether the picture's features came from a cache. */
  readonly imageCached: boolean;
  /** The worker that answered. */
  readonly workerId: string;
}

/** Tensors that were asked for. */
export interface TensorResult extends ResultFacts {
  /** By transformers' names. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Generated tokens, and the scores and logits that were asked for. */
export interface GenerateResult extends TensorResult {
  /** int64 [rows, tokens]: the start token, then new tokens, then padding. */
  readonly sequences: Tensor<"int64">;
  /** One for each row. */
  readonly finishReasons: readonly FinishReason[];
}

/** New tokens of a stream. */
export interface GenerateChunk {
  /** Their ids; those of all chunks together are the answer's. */
  readonly tokens: readonly number[];
  /** How likely the model found each of them, as natural logarithms; with `logProbs`. */
  readonly logProbs?: readonly number[] | undefined;
}

/**
 * A request under way. Await it for the result, or iterate it for chunks first (once); leaving the loop
 * early cancels.
 */
export interface Submission<K extends Op = Op>
  extends PromiseLike<Operations[K]["result"]>,
    AsyncIterable<Operations[K]["chunk"]> {
  /** A UUID: the caller's own, or a new one. */
  readonly requestId: string;
  /** Ends the request with CANCELLED, whose `cause` is the reason. */
  cancel(reason?: unknown): void;
}
