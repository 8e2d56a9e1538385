import type { WireGenerateOptions } from "../engine/index.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { integer, isTokenId, isTokenIds, type OptionRule, real, shaped, toggle } from "./option-rules.ts";
import {
  CACHES_THAT_DO_NOT_RUN,
  isCacheImplementation,
  isDecay,
  isEarlyStopping,
  isEndTokenIds,
  isSequenceBias,
  isStopStrings,
  isTokenIdOrIds,
  isTokenRuns,
  parseStopStrings,
} from "./option-shapes.ts";
import { isWatermarking } from "./watermarking.ts";

/** What there is to know about one option. */
export interface OptionFacts<T = unknown> {
  /** Its name on the wire, which is transformers'; null when it is turned into another option. */
  readonly wire: keyof WireGenerateOptions | null;
  readonly rule: OptionRule<T>;
  /** One line for the command line's help. */
  readonly help: string;
  /** The way of decoding without which it has no effect. */
  readonly only?: "sampling" | "beams" | "lookup";
  /** A sentence for the error about a wrong value. */
  readonly remedy?: string;
}

type Table = { readonly [K in keyof GenerateOptions]-?: OptionFacts<NonNullable<GenerateOptions[K]>> };

const probability = real({ min: 0, max: 1 });
const tokenIds = shaped("an array of at most 512 token ids", "<json>", (value) => isTokenIds(value));

/** Every generation option: its wire name, its values, its meaning. */
export const GENERATION_OPTIONS = {
  maxNewTokens: { wire: "max_new_tokens", rule: integer({ min: 1, max: 4096 }), help: "most new tokens" },
  minNewTokens: { wire: "min_new_tokens", rule: integer({ min: 0, max: 4096 }), help: "fewest new tokens" },
  maxLength: {
    wire: null,
    rule: integer({ min: 2, max: 4097 }),
    help: "most tokens, the start token counted",
    remedy: "It counts the start token, so `maxLength: 2` is one new token.",
  },
  minLength: {
    wire: null,
    rule: integer({ min: 0, max: 4097 }),
    help: "fewest tokens, the start token counted",
  },
  stopStrings: {
    wire: "stop_strings",
    rule: shaped(
      "a string or an array of 1 to 16 strings, of 1 to 256 characters each",
      "<text>",
      isStopStrings,
      parseStopStrings,
    ),
    help: "end once the text holds this (a JSON array for several)",
  },
  maxTime: {
    wire: "max_time",
    rule: real({ above: 0, max: 86_400 }),
    help: "end after this many seconds on the worker",
  },
  numBeams: {
    wire: "num_beams",
    rule: integer({ min: 1, max: 64 }),
    help: "rows kept by beam search",
    remedy: "1 means no beam search.",
  },
  earlyStopping: {
    wire: "early_stopping",
    rule: shaped('true, false or "never"', "<when>", isEarlyStopping),
    help: "when beam search ends: true, false or never",
    only: "beams",
  },
  lengthPenalty: {
    wire: "length_penalty",
    rule: real({ min: -100, max: 100 }),
    help: "beam search: above 0 favours long answers, below 0 short ones",
    only: "beams",
  },
  numReturnSequences: {
    wire: "num_return_sequences",
    rule: integer({ min: 1, max: 64 }),
    help: "answers to return",
  },
  doSample: {
    wire: "do_sample",
    rule: toggle(),
    help: "draw tokens at random instead of taking the likeliest",
  },
  temperature: {
    wire: "temperature",
    rule: real({ min: 0, max: 1000 }),
    help: "sampling: below 1 more certain, above 1 more varied",
    only: "sampling",
  },
  topK: {
    wire: "top_k",
    rule: integer({ min: 0, max: 2 ** 31 - 1 }),
    help: "sampling: from this many likeliest tokens, 0 for all",
    only: "sampling",
    remedy: "0 means all tokens.",
  },
  topP: {
    wire: "top_p",
    rule: probability,
    help: "sampling: from the likeliest tokens of this probability together",
    only: "sampling",
  },
  minP: {
    wire: "min_p",
    rule: probability,
    help: "sampling: leave out what is less likely than this share of the likeliest",
    only: "sampling",
  },
  topH: {
    wire: "top_h",
    rule: real({ above: 0, max: 1 }),
    help: "sampling: share of the entropy to keep",
    only: "sampling",
  },
  typicalP: {
    wire: "typical_p",
    rule: real({ above: 0, max: 1 }),
    help: "sampling: locally typical mass to keep",
    only: "sampling",
  },
  epsilonCutoff: {
    wire: "epsilon_cutoff",
    rule: real({ min: 0, below: 1 }),
    help: "sampling: leave out what is less likely than this",
    only: "sampling",
  },
  etaCutoff: {
    wire: "eta_cutoff",
    rule: real({ min: 0, below: 1 }),
    help: "sampling: eta sampling's cutoff",
    only: "sampling",
  },
  seed: {
    wire: "seed",
    rule: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    help: "sampling: makes it repeatable",
    only: "sampling",
  },
  repetitionPenalty: {
    wire: "repetition_penalty",
    rule: real({ above: 0, max: 1000 }),
    help: "above 1 discourages repeating",
    remedy: "1 means no penalty.",
  },
  noRepeatNgramSize: {
    wire: "no_repeat_ngram_size",
    rule: integer({ min: 0, max: 4096 }),
    help: "no run of this many tokens comes twice, 0 for off",
  },
  badWordsIds: {
    wire: "bad_words_ids",
    rule: shaped("an array of at most 256 non-empty arrays of token ids", "<json>", isTokenRuns),
    help: "runs of tokens that never come",
  },
  suppressTokens: { wire: "suppress_tokens", rule: tokenIds, help: "tokens that never come" },
  beginSuppressTokens: {
    wire: "begin_suppress_tokens",
    rule: tokenIds,
    help: "tokens that never come first",
  },
  forcedBosTokenId: {
    wire: "forced_bos_token_id",
    rule: shaped("a token id", "<id>", isTokenId),
    help: "the first new token",
  },
  forcedEosTokenId: {
    wire: "forced_eos_token_id",
    rule: shaped("a token id or an array of token ids", "<id>", isTokenIdOrIds),
    help: "the last token when the length is reached",
  },
  sequenceBias: {
    wire: "sequence_bias",
    rule: shaped("an array of at most 256 pairs [token ids, number]", "<json>", isSequenceBias),
    help: "pairs of a run of tokens and a bias on its score",
  },
  exponentialDecayLengthPenalty: {
    wire: "exponential_decay_length_penalty",
    rule: shaped("a pair [whole number from 0 up, number above 0]", "<json>", isDecay),
    help: "a pair: from how many tokens on, and the power by which the end's score grows",
  },
  renormalizeLogits: { wire: "renormalize_logits", rule: toggle(), help: "normalise scores after changes" },
  removeInvalidValues: {
    wire: "remove_invalid_values",
    rule: toggle(),
    help: "replace NaN and infinite scores",
  },
  watermarkingConfig: {
    wire: "watermarking_config",
    rule: shaped(
      "an object of greenlistRatio, bias, hashingKey, seedingScheme and contextWidth",
      "<json>",
      isWatermarking,
    ),
    help: "marks the text for later detection",
  },
  promptLookupNumTokens: {
    wire: "prompt_lookup_num_tokens",
    rule: integer({ min: 1, max: 64 }),
    help: "greedy: guess this many tokens at once from earlier ones",
  },
  maxMatchingNgramSize: {
    wire: "max_matching_ngram_size",
    rule: integer({ min: 1, max: 64 }),
    help: "guessing: how many tokens must be the same, at most",
    only: "lookup",
  },
  useCache: { wire: "use_cache", rule: toggle(), help: "keep keys and values between steps" },
  cacheImplementation: {
    wire: "cache_implementation",
    rule: shaped('"dynamic" or "static"', "<name>", isCacheImplementation, String),
    help: "how keys and values are kept: dynamic or static",
    remedy: CACHES_THAT_DO_NOT_RUN,
  },
  eosTokenId: {
    wire: "eos_token_id",
    rule: shaped("a token id or an array of 1 to 16 token ids", "<id>", isEndTokenIds),
    help: "the token, or one of them, that ends a row",
  },
  padTokenId: {
    wire: "pad_token_id",
    rule: shaped("a token id", "<id>", isTokenId),
    help: "the token that fills shorter rows",
  },
  logProbs: { wire: "log_probs", rule: toggle(), help: "return how likely each token was" },
  outputScores: { wire: "output_scores", rule: toggle(), help: "return every step's final scores" },
  outputLogits: { wire: "output_logits", rule: toggle(), help: "return every step's raw scores" },
  outputHiddenStates: {
    wire: "output_hidden_states",
    rule: toggle(),
    help: "return the language model's hidden states",
  },
  outputAttentions: {
    wire: "output_attentions",
    rule: toggle(),
    help: "return the language model's attention maps",
  },
} as const satisfies Table;

/** The name of a generation option. */
export type GenerationOptionName = keyof GenerateOptions;
