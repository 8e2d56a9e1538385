import { z } from "zod";
import { LIMITS } from "../limits.ts";
import { FORWARD_MODULES } from "../operations.ts";
import {
  attempt,
  attemptRecords,
  attemptRef,
  count,
  errorCode,
  hash,
  integer,
  longText,
  measure,
  milliseconds,
  modelId,
  name,
  requestId,
  shortText,
  tensorIndex,
  tensorSpec,
  tensorSpecs,
  tokenId,
  workerEpoch,
} from "./common.ts";
import { generateOptions } from "./generate-options.ts";

const imageRef = z.object({
  hash: hash.describe("names the picture's content"),
  tensor: tensorIndex
    .optional()
    .describe("u8 [height, width, 3] or f32 [3, height, width]; absent: from the cache, or ask with NEED"),
  interpolate: z
    .boolean()
    .optional()
    .describe("whether the picture may have another size than the model's; absent means false"),
});

/** A question about a picture: what a worker starts from. */
const question = {
  image: imageRef,
  input_ids: tensorIndex.describe("i32 [tokens]: the language model's prompt, unpadded"),
  qformer_input_ids: tensorIndex.describe("i32 [tokens]: the Q-Former's prompt, unpadded"),
};

/** What is to be computed. */
const op = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("generate").describe("new tokens"),
    ...question,
    options: generateOptions,
  }),
  z.object({
    kind: z.literal("rank").describe("how likely some answers are"),
    ...question,
    candidates: tensorIndex.describe("i32 [candidates, tokens], padded with -1 on the right"),
  }),
  z.object({
    kind: z.literal("forward").describe("one pass through the model or a part of it"),
    module: z.enum(FORWARD_MODULES).describe("`image_features` is all that comes before the language model"),
    inputs: z.record(name, tensorIndex).describe("tensors by transformers' names, whole batches"),
    outputs: z.array(name).min(1).max(64).describe("the tensors that are wanted"),
    output_dtype: z
      .enum(["f32", "f16", "bf16"])
      .optional()
      .describe("type of fractional outputs; absent leaves them as they were computed"),
    interpolate_pos_encoding: z
      .boolean()
      .optional()
      .describe("whether pictures may have another size than the model's; absent means false"),
  }),
]);

const callPolicy = z.object({
  queue_timeout_ms: milliseconds.optional().describe("most time in the queue"),
  run_timeout_ms: milliseconds.optional().describe("most time of one attempt"),
  priority: integer(-100, 100).optional().describe("higher goes first; absent means 0"),
  max_retries: integer(0, 16).optional().describe("absent means the pool's own"),
});

/** One request in a SUBMIT. */
const item = z.object({
  request_id: requestId,
  attempt,
  op: op.describe("what is to be computed"),
  ttl_ms: milliseconds.optional().describe("time left when sent; absent means no deadline"),
  stream: z.boolean().describe("whether CHUNKs are wanted"),
  credit: integer(0, 2 ** 20)
    .optional()
    .describe("CHUNKs and PARTs that may be sent before CREDIT comes; absent leaves it to the receiver"),
  call: callPolicy.optional().describe("from clients only: how the pool is to treat the request"),
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

const chunkEntry = z.object({
  request_id: requestId,
  attempt,
  seq: count.describe("counts the attempt's chunks from 0, without gaps"),
  tokens: z.array(tokenId).min(1).max(1024),
  log_probs: z
    .array(z.number())
    .max(1024)
    .optional()
    .describe("natural log-probabilities of the tokens, where they are wanted"),
});

/** New tokens of some requests. */
export const chunk = z.object({
  worker_epoch: workerEpoch.optional(),
  chunks: z.array(chunkEntry).min(1).max(256),
});

/** A piece of an output that is too large for the RESULT. */
export const part = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId,
  attempt,
  seq: count.describe("counts the attempt's parts from 0, without gaps"),
  output: name.describe("which output; its parts come one after the other"),
  dtype: tensorSpec.shape.dtype.describe("of the whole output"),
  shape: tensorSpec.shape.shape.describe("of the whole output"),
  offset: count.describe("bytes of the output that came before"),
  tensor: tensorIndex.describe("u8 [bytes]: the bytes from there on"),
  tensors: tensorSpecs,
});

/** The answer; final. */
export const result = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId,
  attempt,
  chunks: count.describe("CHUNKs sent before"),
  parts: count.optional().describe("PARTs sent before; absent means none"),
  outputs: z
    .record(name, tensorIndex)
    .describe(
      "tensors by name, but for those that came in PARTs; `sequences` i64 [rows, tokens] begins with the start token",
    ),
  finish_reasons: z
    .array(z.enum(["eos", "length", "stop", "time"]))
    .max(64)
    .describe("one for each row of `sequences`"),
  timings: z
    .record(name, measure)
    .describe("milliseconds by stage: `queue`, `vision`, `qformer`, `prefill`, `decode`, `total`, …"),
  batch_size: count.describe("requests that shared the computation"),
  image_cached: z.boolean().describe("whether the picture's features came from the cache"),
  worker_id: shortText.optional().describe("from pools only: who answered"),
  tries: attempt.optional().describe("from pools only: tries made, the successful one counted"),
  attempts: attemptRecords.optional(),
  tensors: tensorSpecs,
});

/** A failure; final when it names a request. */
export const error = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId.optional(),
  attempt: attempt.optional(),
  code: errorCode,
  message: longText.describe("for people; senders cut it to 512 bytes"),
  started: z.boolean().describe("whether the computation had begun"),
  retry_after_ms: milliseconds.optional().describe("when another try has a chance"),
  path: shortText.optional().describe("the field that was wrong"),
  attempts: attemptRecords.optional(),
});

/** Give the request up. */
export const cancel = z.object({ request_id: requestId, attempt, reason: shortText });

/** So many more CHUNKs and PARTs of the request may be sent. */
export const credit = z.object({ request_id: requestId, attempt, chunks: integer(1, 2 ** 20) });

/** Pictures whose bytes are wanted. */
export const need = z.object({ hashes: z.array(hash).min(1).max(LIMITS.batch) });

/** The bytes of one picture. */
export const put = z.object({
  hash,
  tensor: tensorIndex.describe("u8 [height, width, 3], or f32 [3, height, width] already normalised"),
  tensors: tensorSpecs,
});
