import { z } from "zod";
import {
  count,
  hash,
  integer,
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

const slots = integer(1, 1024);

const source = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("folder").describe("a checkpoint folder on the worker's machine"),
    path: text(4096, 1),
  }),
  z.object({
    kind: z.literal("hub").describe("a repository on the hub, downloaded through huggingface_hub"),
    repo: text(200, 1),
    revision: shortText.optional().describe("branch, tag or commit; absent means `main`"),
    cache_dir: longText.optional().describe("absent means huggingface_hub's own"),
    offline: z
      .boolean()
      .optional()
      .describe("use what is in the cache, download nothing; absent means false"),
  }),
  z.object({
    kind: z.literal("config").describe("no checkpoint: random weights, as the model's class makes them"),
    model: z.enum(["instructblip", "vision", "qformer"]).describe("the whole model, or one encoder alone"),
    config: text(16384, 1).describe("JSON text of transformers' dictionary for that class"),
    seed: count.describe("of PyTorch's generator, set right before the weights are made"),
  }),
  z.object({
    kind: z.literal("scripted").describe("no model at all: an engine for failures and measurements"),
    script: longText,
  }),
]);

/** Tells a worker which model to load, and how. */
export const load = z.object({
  worker_epoch: workerEpoch,
  model_id: modelId,
  source: source.describe("where the checkpoint is"),
  dtype: precision,
  quantization,
  device: text(32, 1).describe("`auto`, `cpu`, `cuda`, `cuda:N` or `mps`"),
  threads: integer(0, 1024).describe("CPU threads for the model; 0 leaves the choice to the library"),
  slots: slots.describe("rows that may run at once"),
  feature_cache_bytes: count.describe("room for vision features"),
});

/** What a worker serves. */
const modelFacts = z.object({
  language_model: z
    .enum(["t5", "llama", "opt", "none", "scripted"])
    .describe("`none`: an encoder alone; the counts of what it has not are 0"),
  dtype: z.enum(["float32", "bfloat16", "float16"]),
  quantization,
  device: text(64),
  parameters: count,
  vocab_size: count,
  num_query_tokens: count,
  image_size: count.describe("side of the square the vision model takes, in pixels"),
  qformer_vocab_size: count,
  qformer_max_tokens: count,
  context_length: count.optional().describe("most positions of the language model; absent when it sets none"),
  start_token_id: count.describe("first token of every returned sequence: the decoder's start (T5) or BOS"),
  eos_token_ids: z.array(count).max(16),
  pad_token_id: count,
});

/** The model is loaded; work may come. */
export const ready = z.object({
  worker_epoch: workerEpoch,
  model_id: modelId,
  slots: slots.describe("rows that may run at once"),
  ops: z.array(name).max(32).describe("operations the worker knows"),
  model: modelFacts,
  assets_hash: hash.describe("of the files that ASSETS asks for"),
  load_ms: measure,
  rss: count.describe("resident bytes after the load"),
  device_bytes: count.optional().describe("bytes allocated on the device"),
  warnings: z.array(longText).max(32).describe("what the self-check found worth saying"),
});

/** Asks for the files a processor needs. */
export const assets = z.object({
  id: count.describe("comes back in the reply"),
  model_id: modelId.optional().describe("may be absent where there is one model"),
});

/** The files a processor needs. */
export const assetsReply = z.object({
  id: count,
  model_id: modelId,
  hash: hash.describe("of all files together"),
  files: z
    .array(
      z.object({
        path: shortText.describe("relative to the checkpoint's folder"),
        tensor: tensorIndex.describe("u8 [bytes]"),
      }),
    )
    .max(32),
  tensors: tensorSpecs,
});
