const ASSISTANT = "A second model is not supported. Use `promptLookupNumTokens`.";
const COMPILING = "The worker chooses how the model runs. Nothing replaces it.";
const TOKENIZERS = "The worker always takes it from the checkpoint's tokenizer.";
const GROUPS = "Group beam search is gone from transformers 5.";
const CONSTRAINED = "Constrained beam search is gone from transformers 5.";
const NO_EFFECT = "It has no effect on embeddings, which are what the language model is given.";
const NO_CODE = "Code cannot travel to a worker.";
const NO_GUIDANCE = "Guidance needs a second prompt of token ids, which a picture's embeddings are not.";
const MADE_HERE = "`generate` makes it from the picture and the prompt.";

/**
 * Options of transformers that do not exist here, and what to use instead: those that need code from the hub in
 * transformers 5, those that it ignores or cannot do with a picture's embeddings, and those that cannot travel to a worker.
 */
export const REMOVED_OPTIONS: Readonly<Record<string, string>> = {
  numBeamGroups: `${GROUPS} Use \`numBeams\`, or \`doSample\` with \`numReturnSequences\`.`,
  diversityPenalty: `${GROUPS} Use \`doSample\` with \`numReturnSequences\`.`,
  penaltyAlpha:
    "Contrastive search is gone from transformers 5. Use `doSample` with `topK`, or `repetitionPenalty`.",
  constraints: `${CONSTRAINED} Use \`sequenceBias\` or \`badWordsIds\`.`,
  forceWordsIds: `${CONSTRAINED} Use \`sequenceBias\` with a positive bias.`,
  dolaLayers: "DoLa decoding is gone from transformers 5. Use `repetitionPenalty`.",
  lowMemory: "Sequential beam search is gone from transformers 5. Use fewer `numBeams`.",
  guidanceScale: `${NO_GUIDANCE} Use a lower \`temperature\` or beams.`,
  negativePromptIds: `${NO_GUIDANCE} Say it in the prompt.`,
  negativePromptAttentionMask: `${NO_GUIDANCE} Say it in the prompt.`,
  encoderRepetitionPenalty: `${NO_EFFECT} Use \`repetitionPenalty\`.`,
  encoderNoRepeatNgramSize: `${NO_EFFECT} Use \`noRepeatNgramSize\`.`,
  tokenHealing: "It mends a prompt of token ids, which a picture's embeddings are not.",
  prefillChunkSize: "It cuts a prompt of token ids, which a picture's embeddings are not.",
  bosTokenId: TOKENIZERS,
  decoderStartTokenId:
    "The worker always takes it from the checkpoint. Use `forcedBosTokenId` to force the first new token.",
  decoderInputIds: "Answers begin with the start token. Use `forcedBosTokenId` to force the first new token.",
  generationConfig: "Spread it into the call: `{ ...inputs, ...generationConfig }`.",
  stoppingCriteria: `${NO_CODE} Use \`stopStrings\` or \`maxTime\`, or leave a stream's loop.`,
  logitsProcessor: `${NO_CODE} Use \`sequenceBias\`, \`badWordsIds\` or \`suppressTokens\`.`,
  prefixAllowedTokensFn: `${NO_CODE} Use \`sequenceBias\` or \`badWordsIds\`.`,
  customGenerate: NO_CODE,
  trustRemoteCode: "Code from the hub is never run.",
  tokenizer: "The worker has the checkpoint's own. Leave it out, also with `stopStrings`.",
  streamer: "Use `pool.stream(...)` and iterate it.",
  assistantModel: ASSISTANT,
  assistantTokenizer: ASSISTANT,
  assistantConfidenceThreshold: ASSISTANT,
  assistantEarlyExit: ASSISTANT,
  assistantEnsembleWeight: ASSISTANT,
  assistantLookbehind: ASSISTANT,
  targetLookbehind: ASSISTANT,
  isAssistant: ASSISTANT,
  numAssistantTokens: ASSISTANT,
  numAssistantTokensSchedule: ASSISTANT,
  speculationType: ASSISTANT,
  useMtp: ASSISTANT,
  cacheConfig: "It belongs to quantized caches, which do not run here. Use `cacheImplementation`.",
  maxCacheLen: "A static cache is as long as the longest answer. Use `maxNewTokens`.",
  compileConfig: COMPILING,
  disableCompile: COMPILING,
  syncedGpus: "Every worker has the whole model. Use `workers` and `devices` for several GPUs.",
  continuousBatchingConfig: "It takes token ids only, not pictures. Requests share batches anyway.",
  returnDictInGenerate:
    "Only `model.generate` knows it; other answers hold their tokens, finish reason and timings anyway.",
  inputs: `${MADE_HERE} Use \`pixelValues\` and \`inputIds\`.`,
  inputsEmbeds: `${MADE_HERE} Use \`pixelValues\` and \`inputIds\`.`,
  encoderOutputs: `${MADE_HERE} A picture's features are cached anyway.`,
  mmEncoderOutputs: `${MADE_HERE} A picture's features are cached anyway.`,
  pastKeyValues: `${MADE_HERE} A picture's features are cached anyway.`,
};
