import type { ModelInfo } from "../engine/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import type { Deployment } from "./deployment.ts";

/** A deployment as its first worker describes it. */
export function modelInfo(deployment: Deployment, ready: HeaderOf<"READY">): ModelInfo {
  const { model } = ready;
  return {
    modelId: deployment.modelId,
    source: deployment.source,
    revision: deployment.revision,
    dtype: model.dtype,
    quantization: model.quantization,
    languageModel: model.language_model,
    parameters: model.parameters,
    vocabSize: model.vocab_size,
    numQueryTokens: model.num_query_tokens,
    imageSize: model.image_size,
    qformerMaxTokens: model.qformer_max_tokens,
    contextLength: model.context_length,
    startTokenId: model.start_token_id,
    eosTokenIds: model.eos_token_ids,
    padTokenId: model.pad_token_id,
    slots: ready.slots,
    assetsHash: ready.assets_hash,
    warnings: ready.warnings,
  };
}
