import { z } from "zod";
import {
  count,
  hash,
  longText,
  measure,
  modelId,
  name,
  precision,
  quantization,
  shortText,
  tensorIndex,
  tensorSpecs,
  text,
  workerEpoch,
} from "./common.ts";

const source = z.discriminatedUnion("kind", [
  /** A checkpoint folder on the worker's machine. */
  z.object({ kind: z.literal("folder"), path: text(4096, 1) }),
  /** A repository on the hub, downloaded through huggingface_hub. */
  z.object({
    kind: z.literal("hub"),
    repo: text(200, 1),
    revision: shortText.optional(),
    cache_dir: longText.optional(),
    offline: z.boolean().optional(),
  }),
  /** The scripted engine for failures and measurements: no model at all. */
  z.object({ kind: z.literal("scripted"), script: longText }),
]);

/** Tells a worker which model to load, and how. */
export const load = z.object({
  worker_epoch: workerEpoch,
  model_id: modelId,
  source,
  dtype: precision,
  quantization,
  /** `auto`, `cpu`, `cuda`, `cuda:N` or `mps`. */
  device: text(32, 1),
  /** CPU threads for the model; 0 leaves the choice to the library. */
  threads: z.int().min(0).max(1024),
  /** Rows that may run at once. */
  slots: z.int().min(1).max(1024),
  /** Bytes for vision features. */
  feature_cache_bytes: count,
});

/** What a worker serves. */
export const modelFacts = z.object({
  language_model: z.enum(["t5", "llama", "opt", "scripted"]),
  dtype: z.enum(["float32", "bfloat16", "float16"]),
  quantization,
  device: text(64),
  parameters: count,
  vocab_size: count,
  num_query_tokens: count,
  image_size: count,
  qformer_vocab_size: count,
  qformer_max_tokens: count,
  /** Most positions of the language model; absent when it sets none. */
  context_length: count.optional(),
  /** First token of every returned sequence: the decoder's start (T5) or BOS. */
  start_token_id: count,
  eos_token_ids: z.array(count).max(16),
  pad_token_id: count,
});

export const ready = z.object({
  worker_epoch: workerEpoch,
  model_id: modelId,
  slots: z.int().min(1).max(1024),
  ops: z.array(name).max(32),
  model: modelFacts,
  assets_hash: hash,
  load_ms: measure,
  /** Resident bytes after the load. */
  rss: count,
  device_bytes: count.optional(),
  /** What the self-check found worth saying. */
  warnings: z.array(longText).max(32),
});

/** Asks for the files a processor needs. */
export const assets = z.object({ id: count, model_id: modelId.optional() });

/** The files: `path` is relative to the checkpoint's folder, the bytes are a u8 tensor. */
export const assetsReply = z.object({
  id: count,
  model_id: modelId,
  hash,
  files: z.array(z.object({ path: shortText, tensor: tensorIndex })).max(32),
  tensors: tensorSpecs,
});
