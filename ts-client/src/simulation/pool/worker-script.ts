import type { WireGenerateOptions } from "../../engine/index.ts";
import { invalidArgument } from "../../errors/index.ts";

/** A try of a request, as a worker's script sees it. */
export interface SimulatedTry {
  /** The request's id: the same for all tries. */
  readonly requestId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** `worker-0`, `worker-1`, …: the same for all lives of a worker. */
  readonly worker: string;
  /** The deployment that the worker serves. */
  readonly modelId: string;
  /** The prompt as the model gets it: special tokens are left out. */
  readonly prompt: string;
  /** SHA-256 of the prepared picture: equal pictures have equal ones. */
  readonly imageHash: string;
  /** In the wire's names: `max_new_tokens`, `num_beams`, … */
  readonly options: WireGenerateOptions;
  /** Requests that were sent in the same batch, this one included. */
  readonly batchSize: number;
  /** Rows in the worker's hands, this one's included. */
  readonly rows: number;
  /** Uniform in [0, 1), from the pool's seed. */
  readonly random: () => number;
}

const FAILURES = [
  "crash",
  "hang",
  "CUDA_OOM",
  "CUDA_FATAL",
  "OUTPUT_INVALID",
  "INTERNAL",
  "RESOURCE_EXHAUSTED",
  "DRAINING",
] as const;

/**
 * What happens in an answer's place: the worker dies (`crash`), does nothing any more until it is killed
 * (`hang`), or reports an error.
 */
export type SimulatedFailure = (typeof FAILURES)[number];

/** What a worker makes of a try. */
export interface SimulatedReply {
  /** The answer. @default "yes" */
  readonly text?: string;
  /** Time until the answer or the failure; tokens are streamed evenly over it. @unit milliseconds @default 20 */
  readonly latencyMs?: number;
  /** What happens in the answer's place. */
  readonly failure?: SimulatedFailure;
  /** How many tokens of the answer are streamed before the failure. @default 0 */
  readonly tokensBefore?: number;
}

/**
 * What the workers of a simulated pool do; called once for each try. A plain text is an answer after 20 ms.
 *
 * @example
 * // The first worker dies with its first request; memory is for four rows.
 * const script: WorkerScript = ({ worker, attempt, rows }) => {
 *   if (worker === "worker-0" && attempt === 1) return { failure: "crash", latencyMs: 5 };
 *   if (rows > 4) return { failure: "CUDA_OOM" };
 *   return { text: "a red circle", latencyMs: 40 };
 * };
 */
export type WorkerScript = (attempt: SimulatedTry) => SimulatedReply | string;

/** A reply with nothing left open. */
export interface ResolvedReply {
  readonly text: string;
  readonly latencyMs: number;
  readonly failure: SimulatedFailure | undefined;
  readonly tokensBefore: number;
}

/** Checks what a script returned. @throws INVALID_ARGUMENT naming the field */
export function resolveReply(reply: SimulatedReply | string): ResolvedReply {
  const given: SimulatedReply = typeof reply === "string" ? { text: reply } : reply;
  if (typeof given !== "object" || given === null) {
    throw invalidArgument("script", "a function that returns a text or a reply", reply);
  }
  const { text = "yes", latencyMs = 20, failure, tokensBefore = 0 } = given;
  if (typeof text !== "string") throw invalidArgument("reply.text", "a text", text);
  if (!(latencyMs >= 0 && Number.isFinite(latencyMs))) {
    throw invalidArgument("reply.latencyMs", "a duration in milliseconds, 0 or more", latencyMs);
  }
  if (failure !== undefined && !FAILURES.includes(failure)) {
    throw invalidArgument("reply.failure", `one of ${FAILURES.join(", ")}`, failure);
  }
  if (!(Number.isInteger(tokensBefore) && tokensBefore >= 0)) {
    throw invalidArgument("reply.tokensBefore", "a whole number, 0 or more", tokensBefore);
  }
  return { text, latencyMs, failure, tokensBefore };
}
