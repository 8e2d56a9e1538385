/**
 * Options of transformers that do not exist here, and what to use instead. The first four need code from
 * the hub in transformers 5; the others cannot travel to a worker or would have no effect.
 */
export const REMOVED_OPTIONS: Readonly<Record<string, string>> = {
  numBeamGroups:
    "Group beam search is gone from transformers 5. Use `numBeams`, or `doSample` with `numReturnSequences`.",
  diversityPenalty:
    "Group beam search is gone from transformers 5. Use `doSample` with `numReturnSequences`.",
  penaltyAlpha:
    "Contrastive search is gone from transformers 5. Use `doSample` with `topK`, or `repetitionPenalty`.",
  constraints: "Constrained beam search is gone from transformers 5. Use `sequenceBias` or `badWordsIds`.",
  forceWordsIds:
    "Constrained beam search is gone from transformers 5. Use `sequenceBias` with a positive bias.",
  dolaLayers: "DoLa decoding is gone from transformers 5. Use `repetitionPenalty`.",
  guidanceScale:
    "Guidance needs a second prompt of token ids, which a picture's embeddings are not. Use a lower `temperature` or beams.",
  encoderRepetitionPenalty:
    "It has no effect on embeddings, which are what the language model is given. Use `repetitionPenalty`.",
  encoderNoRepeatNgramSize:
    "It has no effect on embeddings, which are what the language model is given. Use `noRepeatNgramSize`.",
  eosTokenId: "The worker always takes it from the checkpoint's tokenizer. Use `stopStrings` to end earlier.",
  padTokenId: "The worker always takes it from the checkpoint's tokenizer.",
  bosTokenId: "The worker always takes it from the checkpoint's tokenizer.",
  decoderStartTokenId:
    "The worker always takes it from the checkpoint. Use `forcedBosTokenId` to force the first new token.",
  generationConfig: "Give its options one by one.",
  cacheImplementation: "The worker chooses its cache.",
  stoppingCriteria:
    "Code cannot travel to a worker. Use `stopStrings` or `maxTime`, or leave a stream's loop.",
  logitsProcessor: "Code cannot travel to a worker. Use `sequenceBias`, `badWordsIds` or `suppressTokens`.",
  prefixAllowedTokensFn: "Code cannot travel to a worker. Use `sequenceBias` or `badWordsIds`.",
  streamer: "Use `pool.stream(...)` and iterate it.",
  assistantModel: "A second model is not supported. Use `promptLookupNumTokens`.",
  outputAttentions: "Attentions of `generate` are not returned.",
  outputHiddenStates: "Hidden states of `generate` are not returned.",
  returnDictInGenerate:
    "Only `model.generate` knows it; other answers hold their tokens, finish reason and timings anyway.",
  interpolatePosEncoding: "Pictures are prepared at the model's own size.",
};
