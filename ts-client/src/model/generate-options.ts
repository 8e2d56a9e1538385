/**
 * How text is generated: transformers' options in camelCase. Options that only sampling uses
 * (`temperature`, `topK`, `topP`, `minP`, `topH`, `typicalP`, `epsilonCutoff`, `etaCutoff`, `seed`) have no effect
 * unless `doSample` is true, and those that only beam search uses (`earlyStopping`, `lengthPenalty`)
 * none unless `numBeams` is above 1; they may be given all the same, as in transformers.
 *
 * Lengths count as in transformers 4.37: `maxLength` and `minLength` count the start token and the new
 * tokens, never the prompt.
 */
export interface GenerateOptions {
  /**
   * Most new tokens; from 1 to 4096. Wins over `maxLength`.
   * @default 19 for `generate` (transformers' `maxLength: 20`), 256 for `ask` and `stream`
   * @unit tokens
   */
  readonly maxNewTokens?: number;
  /** Fewest new tokens; from 0 to `maxNewTokens`. Wins over `minLength`. @default 0 @unit tokens */
  readonly minNewTokens?: number;
  /** Most tokens with the start token: `maxLength: L` allows L - 1 new ones. From 2 to 4097. @default 20 for `generate` @unit tokens */
  readonly maxLength?: number;
  /** Fewest tokens with the start token: `minLength: m` asks for m - 1 new ones. From 0 to 4097. @default 0 @unit tokens */
  readonly minLength?: number;
  /** Ends a row once its text holds one of these; the text keeps it. Up to 16, of 1 to 256 characters each. @default none */
  readonly stopStrings?: string | readonly string[];
  /** Ends a row after this time on the worker; at least one token is made. Above 0, at most 86400. @default none @unit seconds */
  readonly maxTime?: number;

  /** Rows kept by beam search; 1 is none. From 1 to 64. @default 1 */
  readonly numBeams?: number;
  /**
   * When beam search ends: true, as soon as enough answers are complete; false, when better ones are
   * unlikely; "never", when none better can come.
   * @default false
   */
  readonly earlyStopping?: boolean | "never";
  /**
   * Power of the length by which beam search divides a row's score: above 0 favours long rows, below 0 short ones. From
   * -100 to 100.
   * @default 1
   */
  readonly lengthPenalty?: number;
  /** Answers to return: at most `numBeams`, or any number when sampling. From 1 to 64. @default 1 */
  readonly numReturnSequences?: number;

  /** Draws each token at random, by its probability, instead of taking the likeliest. @default false */
  readonly doSample?: boolean;
  /** Divides the scores before sampling: below 1 is more certain, above 1 more varied. Above 0, at most 1000. @default 1 */
  readonly temperature?: number;
  /** Samples from this many likeliest tokens; 0 is all. A whole number from 0 up. @default 50 */
  readonly topK?: number;
  /** Samples from the likeliest tokens that together have this probability. From 0 to 1. @default 1 */
  readonly topP?: number;
  /** Leaves out tokens less likely than this share of the likeliest. From 0 to 1. @default none */
  readonly minP?: number;
  /** Keeps tokens until this share of the distribution's entropy is reached. Above 0, at most 1. @default none */
  readonly topH?: number;
  /** Locally typical sampling: the probability mass to keep. Above 0, at most 1. @default 1 */
  readonly typicalP?: number;
  /** Leaves out tokens less likely than this. From 0 to below 1. @default 0 */
  readonly epsilonCutoff?: number;
  /** Eta sampling's cutoff: a mix of a fixed one and one by entropy. From 0 to below 1. @default 0 */
  readonly etaCutoff?: number;
  /**
   * Makes sampling repeatable: the request has a random generator of its own, and in float32 the same tokens whatever shares
   * its batch. A whole number from 0 to 2^53 - 1.
   * @default none
   */
  readonly seed?: number;

  /** Lowers the scores of tokens already generated; above 1 discourages repeating. Above 0, at most 1000. @default 1 */
  readonly repetitionPenalty?: number;
  /** No run of this many tokens comes twice; 0 is off. From 0 to 4096. @default 0 */
  readonly noRepeatNgramSize?: number;
  /** Runs of tokens that never come: at most 256, of 1 to 512 ids each. @default none */
  readonly badWordsIds?: readonly (readonly number[])[];
  /** Tokens that never come; at most 512. @default none */
  readonly suppressTokens?: readonly number[];
  /** Tokens that never come first; at most 512. @default none */
  readonly beginSuppressTokens?: readonly number[];
  /**
   * The first new token; on decoder-only models the second, as transformers 5 does when it begins with embeddings.
   * @default none
   */
  readonly forcedBosTokenId?: number;
  /** The token, or one of at most 512, that comes last when the length is reached. @default none */
  readonly forcedEosTokenId?: number | readonly number[];
  /** Added to a run's score when it would be completed: at most 256 pairs of a run of 1 to 512 tokens and a bias. @default none */
  readonly sequenceBias?: readonly (readonly [tokens: readonly number[], bias: number])[];
  /** From that many new tokens on, the end's score grows by this power: a pair of a start from 0 up and a factor above 0. @default none */
  readonly exponentialDecayLengthPenalty?: readonly [start: number, factor: number];
  /** Normalises the scores again after every change to them. @default false */
  readonly renormalizeLogits?: boolean;
  /** Replaces NaN and infinite scores; helps float16. @default false */
  readonly removeInvalidValues?: boolean;
  /** Marks the text for later detection. @default none */
  readonly watermarkingConfig?: WatermarkingConfig;

  /**
   * Guesses up to this many tokens a step, from what followed the same tokens earlier in the answer, and keeps those that
   * greedy decoding would have chosen: faster where an answer repeats itself, never another answer. The request
   * has a batch of its own. From 1 to 64; greedy decoding only.
   * @default none
   */
  readonly promptLookupNumTokens?: number;
  /** How many tokens must be the same for such a guess, at most. From 1 to 64. @default 2 */
  readonly maxMatchingNgramSize?: number;
  /**
   * Keeps keys and values between steps; false is slow and for comparison, and has no effect on decoder-only models,
   * which cannot go on from embeddings without them.
   * @default true
   */
  readonly useCache?: boolean;
  /** How they are kept: `dynamic` grows with the answer, `static` is allocated for the longest one at once. @default "dynamic" */
  readonly cacheImplementation?: "dynamic" | "static";
  /**
   * Ends a row after this token, or one of these (at most 16), in place of the tokenizer's own. Text holds such a token
   * unless it is special.
   * @default the tokenizer's
   */
  readonly eosTokenId?: number | readonly number[];
  /** Fills rows that are shorter than others. @default the tokenizer's */
  readonly padTokenId?: number;

  /**
   * Returns how likely the model found each new token, as natural logarithms, before any other option changed its
   * scores: in an answer's `logProbs` and `sequenceLogProbs`, in a stream's pieces, and in `outputs.log_probs`, float32
   * [rows, tokens]. `pool.score` gives the same for the same text.
   * @default false
   */
  readonly logProbs?: boolean;
  /** Returns the scores of every step, after all changes to them: float32 [rows, steps, vocabulary]. @default false */
  readonly outputScores?: boolean;
  /** Returns the scores of every step as the model gave them, likewise. @default false */
  readonly outputLogits?: boolean;
  /**
   * Returns the language model's hidden states: float32 [layers + 1, rows, positions, width]. Positions are the
   * picture's queries, the prompt and all new tokens but the last (`hidden_states`, decoder-only models), or
   * the new tokens' alone (`decoder_hidden_states`) with `encoder_hidden_states` apart.
   * @default false
   */
  readonly outputHiddenStates?: boolean;
  /**
   * Returns the language model's attention maps: float32 [layers, rows, heads, positions, keys], 0 where a
   * position could not look (`attentions`; or `decoder_attentions`, `cross_attentions`, `encoder_attentions`).
   * @default false
   */
  readonly outputAttentions?: boolean;
}

/** How generated text is marked: transformers' `WatermarkingConfig`. */
export interface WatermarkingConfig {
  /** Share of the vocabulary that is favoured. @default 0.25 */
  readonly greenlistRatio?: number;
  /** Added to the favoured tokens' scores. @default 2 */
  readonly bias?: number;
  /** Key of the pattern. @default 15485863 */
  readonly hashingKey?: number;
  /** Which tokens decide the next pattern. @default "lefthash" */
  readonly seedingScheme?: "lefthash" | "selfhash";
  /** How many tokens decide it. @default 1 */
  readonly contextWidth?: number;
}
