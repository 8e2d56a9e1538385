import { z } from "zod";
import { LIMITS } from "../limits.ts";
import {
  attempt,
  attemptRef,
  count,
  errorCode,
  hash,
  longText,
  measure,
  milliseconds,
  modelId,
  name,
  requestId,
  shortText,
  tensorIndex,
  tensorSpecs,
  tokenId,
  workerEpoch,
} from "./common.ts";
import { generateOptions } from "./generate-options.ts";

/** Which computation: one entry for every operation a worker knows. */
export const op = z.enum(["generate"]);

/**
 * The picture of an item: its content hash, and where its bytes are when they travel along. Without
 * `tensor` the receiver takes them from its cache, or asks for them with NEED.
 */
const imageRef = z.object({ hash, tensor: tensorIndex.optional() });

/** One request in a SUBMIT. */
export const item = z.object({
  request_id: requestId,
  attempt,
  op,
  /** Time left until the request's deadline, measured when sent; absent means none. */
  ttl_ms: milliseconds.optional(),
  /** Whether CHUNKs are wanted. */
  stream: z.boolean(),
  /** CHUNKs that may be sent before more CREDIT comes. */
  credit: z
    .int()
    .min(0)
    .max(2 ** 20)
    .optional(),
  image: imageRef,
  /** i32 [tokens]: the language model's prompt, unpadded. */
  input_ids: tensorIndex,
  /** i32 [tokens]: the Q-Former's prompt, unpadded. */
  qformer_input_ids: tensorIndex,
  options: generateOptions,
  /** From clients only: how the pool is to treat the request. */
  call: z
    .looseObject({
      queue_timeout_ms: milliseconds.optional(),
      run_timeout_ms: milliseconds.optional(),
      priority: z.int().min(-100).max(100).optional(),
      max_retries: z.int().min(0).max(16).optional(),
    })
    .optional(),
});

/** A batch of requests for one model. Clients leave `worker_epoch` out. */
export const submit = z.object({
  worker_epoch: workerEpoch.optional(),
  model_id: modelId,
  items: z.array(item).min(1).max(LIMITS.batch),
  tensors: tensorSpecs,
});

/** The receiver has the requests and will settle them. */
export const accept = z.object({
  worker_epoch: workerEpoch.optional(),
  items: z.array(attemptRef).min(1).max(LIMITS.batch),
});

/** New tokens of some requests; `seq` counts a request's chunks from 0. */
export const chunk = z.object({
  worker_epoch: workerEpoch.optional(),
  chunks: z
    .array(
      z.object({
        request_id: requestId,
        attempt,
        seq: count,
        tokens: z.array(tokenId).min(1).max(1024),
      }),
    )
    .min(1)
    .max(256),
});

export const finishReason = z.enum(["eos", "length", "stop", "time"]);

/** The answer; final. `outputs` names tensors: `sequences` i64 [rows, tokens] starts with the start token. */
export const result = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId,
  attempt,
  /** CHUNKs sent before. */
  chunks: count,
  outputs: z.record(name, tensorIndex),
  finish_reasons: z.array(finishReason).max(64),
  /** Milliseconds by stage: `queue`, `vision`, `qformer`, `prefill`, `decode`, `total`, … */
  timings: z.record(name, measure),
  /** How many requests shared the computation. */
  batch_size: count,
  /** Whether the picture's features came from the cache. */
  image_cached: z.boolean(),
  /** From pools only: every try, oldest first. */
  attempts: z
    .array(z.object({ attempt, worker_id: shortText, code: errorCode, message: longText }))
    .max(32)
    .optional(),
  tensors: tensorSpecs,
});

/** A failure; final when it names a request. */
export const error = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId.optional(),
  attempt: attempt.optional(),
  code: errorCode,
  message: longText,
  /** Whether the computation had begun. */
  started: z.boolean(),
  retry_after_ms: milliseconds.optional(),
  /** The field that was wrong. */
  path: shortText.optional(),
  attempts: z
    .array(z.object({ attempt, worker_id: shortText, code: errorCode, message: longText }))
    .max(32)
    .optional(),
});

export const cancel = z.object({ request_id: requestId, attempt, reason: shortText });
export const credit = z.object({
  request_id: requestId,
  attempt,
  chunks: z
    .int()
    .min(1)
    .max(2 ** 20),
});

/** Pictures whose bytes are wanted. */
export const need = z.object({ hashes: z.array(hash).min(1).max(LIMITS.batch) });

/** Bytes of one picture: u8 [height, width, 3], or f32 [3, height, width] already normalised. */
export const put = z.object({ hash, tensor: tensorIndex, tensors: tensorSpecs });
