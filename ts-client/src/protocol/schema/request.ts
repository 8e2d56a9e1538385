import { z } from "zod";
import { LIMITS } from "../limits.ts";
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
  tensorSpecs,
  tokenId,
  workerEpoch,
} from "./common.ts";
import { generateOptions } from "./generate-options.ts";

/** Which computation: one entry for every operation a worker knows. */
const op = z.enum(["generate"]);

const imageRef = z.object({
  hash: hash.describe("names the picture's content"),
  tensor: tensorIndex
    .optional()
    .describe("u8 [height, width, 3] or f32 [3, height, width]; absent: from the cache, or ask with NEED"),
});

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
  op,
  ttl_ms: milliseconds.optional().describe("time left when sent; absent means no deadline"),
  stream: z.boolean().describe("whether CHUNKs are wanted"),
  credit: integer(0, 2 ** 20)
    .optional()
    .describe("CHUNKs that may be sent before CREDIT comes; absent leaves it to the receiver"),
  image: imageRef,
  input_ids: tensorIndex.describe("i32 [tokens]: the language model's prompt, unpadded"),
  qformer_input_ids: tensorIndex.describe("i32 [tokens]: the Q-Former's prompt, unpadded"),
  options: generateOptions,
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
});

/** New tokens of some requests. */
export const chunk = z.object({
  worker_epoch: workerEpoch.optional(),
  chunks: z.array(chunkEntry).min(1).max(256),
});

/** The answer; final. */
export const result = z.object({
  worker_epoch: workerEpoch.optional(),
  request_id: requestId,
  attempt,
  chunks: count.describe("CHUNKs sent before"),
  outputs: z
    .record(name, tensorIndex)
    .describe("tensors by name; `sequences` i64 [rows, tokens] begins with the start token"),
  finish_reasons: z
    .array(z.enum(["eos", "length", "stop", "time"]))
    .max(64)
    .describe("one for each row"),
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

/** So many more CHUNKs of the request may be sent. */
export const credit = z.object({ request_id: requestId, attempt, chunks: integer(1, 2 ** 20) });

/** Pictures whose bytes are wanted. */
export const need = z.object({ hashes: z.array(hash).min(1).max(LIMITS.batch) });

/** The bytes of one picture. */
export const put = z.object({
  hash,
  tensor: tensorIndex.describe("u8 [height, width, 3], or f32 [3, height, width] already normalised"),
  tensors: tensorSpecs,
});
