import { z } from "zod";
import { count, integer, text, tokenId } from "./common.ts";

const positive = z.number().gt(0);
const probability = z.number().min(0).max(1);
const openProbability = z.number().gt(0).lt(1);
const ids = z.array(tokenId).max(512);

/**
 * Generation options on the wire, in transformers' names. Absent means transformers' default, but for
 * the lengths: they count new tokens only, and `max_new_tokens` is always set by the sender.
 */
export const generateOptions = z.object({
  max_new_tokens: integer(1, 4096),
  min_new_tokens: integer(0, 4096).optional(),
  do_sample: z.boolean().optional(),
  num_beams: integer(1, 64).optional(),
  num_return_sequences: integer(1, 64).optional(),
  early_stopping: z.union([z.boolean(), z.literal("never")]).optional(),
  length_penalty: z.number().min(-100).max(100).optional(),
  temperature: positive.max(1000).optional(),
  top_k: tokenId.optional(),
  top_p: probability.optional(),
  min_p: probability.optional(),
  top_h: z.number().gt(0).max(1).optional(),
  typical_p: z.number().gt(0).max(1).optional(),
  epsilon_cutoff: z.number().min(0).lt(1).optional(),
  eta_cutoff: z.number().min(0).lt(1).optional(),
  repetition_penalty: positive.max(1000).optional(),
  no_repeat_ngram_size: integer(0, 4096).optional(),
  bad_words_ids: z.array(ids.min(1)).max(256).optional(),
  suppress_tokens: ids.optional(),
  begin_suppress_tokens: ids.optional(),
  forced_bos_token_id: tokenId.optional(),
  forced_eos_token_id: z.union([tokenId, ids]).optional(),
  sequence_bias: z
    .array(z.tuple([ids.min(1), z.number()]))
    .max(256)
    .optional(),
  exponential_decay_length_penalty: z.tuple([count, positive]).optional(),
  renormalize_logits: z.boolean().optional(),
  remove_invalid_values: z.boolean().optional(),
  stop_strings: z.array(text(256, 1)).max(16).optional(),
  max_time: positive.max(86400).optional().describe("seconds; checked after every token"),
  seed: count.optional().describe("makes sampling repeatable: a generator of its own for every request"),
  log_probs: z.boolean().optional().describe("tokens come with their log-probabilities"),
  output_scores: z.boolean().optional(),
  output_logits: z.boolean().optional(),
  output_hidden_states: z.boolean().optional(),
  output_attentions: z.boolean().optional(),
  use_cache: z.boolean().optional(),
  cache_implementation: z.enum(["dynamic", "static"]).optional(),
  prompt_lookup_num_tokens: integer(1, 64).optional(),
  max_matching_ngram_size: integer(1, 64).optional(),
  eos_token_id: z.array(tokenId).min(1).max(16).optional(),
  pad_token_id: tokenId.optional(),
  watermarking_config: z
    .object({
      greenlist_ratio: openProbability.optional(),
      bias: z.number().optional(),
      hashing_key: count.optional(),
      seeding_scheme: z.enum(["lefthash", "selfhash"]).optional(),
      context_width: integer(1, 64).optional(),
    })
    .optional(),
});
