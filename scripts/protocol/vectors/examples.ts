import type { KindName } from "../../../ts-client/src/protocol/index.ts";
import type { MessageCase, TensorCase } from "./vector.ts";

export const REQUEST = "01234567-89ab-7cde-8f01-23456789abcd";
export const HASH = "5a".repeat(32);
const TOKEN = "c0".repeat(32);

export const IMAGE: TensorCase = { dtype: "u8", shape: [1, 2, 3], data: Buffer.from("102030405060", "hex") };
export const PROMPT: TensorCase = { dtype: "i32", shape: [2], data: Buffer.from("0100000002010000", "hex") };
const SEQUENCES: TensorCase = {
  dtype: "i64",
  shape: [1, 2],
  data: Buffer.from("00000000000000000100000000000000", "hex"),
};
const SCORES: TensorCase = { dtype: "f32", shape: [1], data: Buffer.from("0000c03f", "hex") };
const FILE: TensorCase = { dtype: "u8", shape: [2], data: Buffer.from("7b7d", "hex") };

const ref = { request_id: REQUEST, attempt: 1 };
const attempts = [{ attempt: 1, worker_id: "w1", code: "WORKER_LOST", message: "it died" }];

const options = {
  max_new_tokens: 20,
  min_new_tokens: 1,
  do_sample: true,
  num_beams: 5,
  num_return_sequences: 2,
  early_stopping: "never",
  length_penalty: -1.5,
  temperature: 0.7,
  top_k: 50,
  top_p: 0.9,
  min_p: 0.05,
  top_h: 0.4,
  typical_p: 0.95,
  epsilon_cutoff: 0.0003,
  eta_cutoff: 0.002,
  repetition_penalty: 1.5,
  no_repeat_ngram_size: 3,
  bad_words_ids: [[5], [6, 7]],
  suppress_tokens: [8],
  begin_suppress_tokens: [9],
  forced_bos_token_id: 2,
  forced_eos_token_id: [1, 3],
  sequence_bias: [[[10, 11], -2.5]],
  exponential_decay_length_penalty: [5, 1.25],
  renormalize_logits: true,
  remove_invalid_values: false,
  stop_strings: ["\n", "Ende."],
  max_time: 2.5,
  seed: 2 ** 40,
  log_probs: true,
  output_scores: true,
  output_logits: false,
  output_hidden_states: true,
  output_attentions: false,
  use_cache: true,
  cache_implementation: "static",
  prompt_lookup_num_tokens: 4,
  max_matching_ngram_size: 2,
  eos_token_id: [1, 3],
  pad_token_id: 0,
  watermarking_config: {
    greenlist_ratio: 0.25,
    bias: 2.5,
    hashing_key: 15485863,
    seeding_scheme: "lefthash",
    context_width: 1,
  },
};

/** One message of every kind with every field there is. */
export const FULL: { readonly [K in KindName]: Omit<MessageCase, "kind"> } = {
  HELLO: {
    header: {
      role: "worker",
      channel: "control",
      peer_id: "w1",
      token: TOKEN,
      minors: { min: 0, max: 3 },
      features: ["streaming", "hash-first"],
      schema_hash: HASH,
      pid: 4711,
      versions: { python: "3.11.7", torch: "2.13.0" },
    },
  },
  WELCOME: {
    header: {
      minor: 0,
      features: ["streaming"],
      pool_epoch: "0123456789abcdef",
      worker_epoch: 3,
      beat_ms: 1000,
      dead_after: 5,
      admin: true,
    },
  },
  LOAD: {
    header: {
      worker_epoch: 3,
      model_id: "tiny",
      source: { kind: "hub", repo: "owner/name", revision: "main", cache_dir: "/cache", offline: true },
      dtype: "auto",
      quantization: "none",
      device: "cuda:0",
      threads: 0,
      slots: 8,
      feature_cache_bytes: 2 ** 33,
    },
  },
  PROGRESS: {
    header: {
      worker_epoch: 3,
      stage: "read",
      fraction: 0.5,
      file: "model.safetensors",
      loaded_bytes: 5_000_000_000,
      total_bytes: 10_000_000_000,
    },
  },
  READY: {
    header: {
      worker_epoch: 3,
      model_id: "tiny",
      slots: 8,
      ops: ["generate"],
      model: {
        language_model: "t5",
        dtype: "float32",
        quantization: "none",
        device: "cpu",
        parameters: 3_000_000,
        vocab_size: 512,
        num_query_tokens: 32,
        image_size: 224,
        qformer_vocab_size: 600,
        qformer_max_tokens: 512,
        context_length: 2048,
        start_token_id: 0,
        eos_token_ids: [1],
        pad_token_id: 0,
      },
      assets_hash: HASH,
      load_ms: 812.5,
      rss: 600_000_000,
      device_bytes: 0,
      warnings: ["the tokenizer has no pad token"],
    },
  },
  BEAT: {
    header: {
      seq: 7,
      worker_epoch: 3,
      slots_free: 7,
      queued: 0,
      running: [{ ...ref, step: 4, ms: 31 }],
      progress: 99,
      gil_lag_ms: 0,
      rss: 600_000_000,
      device_bytes: 5_000_000_000,
      cache_bytes: 1024,
      cache_hits: 3,
      cache_misses: 2,
    },
  },
  PING: { header: { seq: 12, worker_epoch: 3 } },
  SUBMIT: {
    header: {
      worker_epoch: 3,
      model_id: "tiny",
      items: [
        {
          ...ref,
          op: {
            kind: "generate",
            image: { hash: HASH, tensor: 0, interpolate: true },
            input_ids: 1,
            qformer_input_ids: 2,
            options,
          },
          ttl_ms: 30_000,
          stream: true,
          credit: 32,
          call: { queue_timeout_ms: 1000, run_timeout_ms: 2000, priority: -3, max_retries: 2 },
        },
      ],
    },
    tensors: [IMAGE, PROMPT, PROMPT],
  },
  ACCEPT: { header: { worker_epoch: 3, items: [ref] } },
  CHUNK: {
    header: { worker_epoch: 3, chunks: [{ ...ref, seq: 0, tokens: [5, 31999], log_probs: [-0.25, -7.5] }] },
  },
  PART: {
    header: {
      worker_epoch: 3,
      ...ref,
      seq: 0,
      output: "logits",
      dtype: "bf16",
      shape: [2, 34, 512],
      offset: 0,
      tensor: 0,
    },
    tensors: [FILE],
  },
  RESULT: {
    header: {
      worker_epoch: 3,
      ...ref,
      chunks: 2,
      parts: 1,
      outputs: { sequences: 0, sequences_scores: 1 },
      finish_reasons: ["eos"],
      timings: { queue: 0.5, total: 31.25 },
      batch_size: 4,
      image_cached: false,
      worker_id: "w1",
      tries: 2,
      attempts,
    },
    tensors: [SEQUENCES, SCORES],
  },
  ERROR: {
    header: {
      worker_epoch: 3,
      ...ref,
      code: "INTERNAL",
      message: "something broke",
      started: true,
      retry_after_ms: 250,
      path: "options.top_p",
      attempts,
    },
  },
  CANCEL: { header: { ...ref, reason: "the caller gave up" } },
  CREDIT: { header: { ...ref, chunks: 16 } },
  DRAIN: { header: { deadline_ms: 30_000 } },
  GOODBYE: { header: { reason: "drained", code: "DRAINING" } },
  DISCONNECT: { header: { reason: "no such token", code: "UNAUTHENTICATED" } },
  NEED: { header: { hashes: [HASH] } },
  PUT: { header: { hash: HASH, tensor: 0 }, tensors: [IMAGE] },
  ASSETS: { header: { id: 1, model_id: "tiny" } },
  ASSETS_REPLY: {
    header: { id: 1, model_id: "tiny", hash: HASH, files: [{ path: "tokenizer.json", tensor: 0 }] },
    tensors: [FILE],
  },
  ADMIN: { header: { id: 2, action: "load", args: '{"source":"tiny"}' } },
  ADMIN_REPLY: { header: { id: 2, result: "{}", code: "MODEL_NOT_FOUND", message: "there is no tiny" } },
};
