import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InstructBlipConfig } from "../../config/index.ts";
import type { ModelInfo, ProcessorAssets } from "../../engine/index.ts";
import { InstructBlipError } from "../../errors/index.ts";
import type { Deployment } from "../../pool/deployment.ts";
import { InstructBlipProcessor } from "../../processor/index.ts";

/** What is read of a checkpoint; its weights are not. */
export interface SimulatedModel {
  readonly deployment: Deployment;
  readonly info: ModelInfo;
  readonly assets: ProcessorAssets;
  readonly processor: InstructBlipProcessor;
}

const FILES = [
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "qformer_tokenizer/tokenizer.json",
  "qformer_tokenizer/tokenizer_config.json",
];

/** Reads a checkpoint's processor and configuration. @throws MODEL_NOT_FOUND, CONFIG_INVALID, UNSUPPORTED */
export async function readModel(deployment: Deployment): Promise<SimulatedModel> {
  const { source } = deployment.load;
  if (source.kind !== "folder") {
    throw new InstructBlipError(
      "UNSUPPORTED",
      `A simulated pool reads its processor from a bundled model or a folder, not from ${deployment.source}.`,
      { path: "model" },
    );
  }
  const assets = await readAssets(source.path);
  const processor = InstructBlipProcessor.fromAssets(assets);
  const config = await InstructBlipConfig.fromPretrained(source.path);
  return { deployment, info: infoOf(deployment, config, processor, assets.hash), assets, processor };
}

async function readAssets(folder: string): Promise<ProcessorAssets> {
  const digest = createHash("sha256");
  const files: Record<string, Uint8Array> = {};
  for (const name of FILES) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const bytes = await readFile(path);
    files[name] = bytes;
    digest.update(`${name}\0${bytes.byteLength}\0`).update(bytes);
  }
  return { hash: digest.digest("hex"), files };
}

function infoOf(
  deployment: Deployment,
  config: InstructBlipConfig,
  { tokenizer }: InstructBlipProcessor,
  assetsHash: string,
): ModelInfo {
  const { textConfig, qformerConfig, visionConfig } = config;
  const eos = tokenizer.eosTokenId;
  if (eos === undefined) {
    throw new InstructBlipError("CONFIG_INVALID", "The tokenizer has no eos_token: answers would never end.");
  }
  const pad = tokenizer.padTokenId ?? eos;
  const { dtype, quantization } = deployment.load;
  return {
    modelId: deployment.modelId,
    source: deployment.source,
    revision: deployment.revision,
    dtype: dtype === "auto" ? "float32" : dtype,
    quantization,
    languageModel: languageModel(textConfig.modelType),
    parameters: 0,
    vocabSize: textConfig.vocabSize,
    numQueryTokens: config.numQueryTokens,
    imageSize: visionConfig.imageSize,
    qformerMaxTokens: qformerConfig.maxPositionEmbeddings,
    contextLength: "maxPositionEmbeddings" in textConfig ? textConfig.maxPositionEmbeddings : undefined,
    // T5's decoder starts with the padding's id, the others with the token that also starts a prompt.
    startTokenId: textConfig.modelType === "t5" ? pad : (tokenizer.encode("a")[0] ?? eos),
    eosTokenIds: [eos],
    padTokenId: pad,
    slots: deployment.load.slots,
    assetsHash,
    warnings: [],
  };
}

function languageModel(modelType: string): ModelInfo["languageModel"] {
  if (modelType === "t5" || modelType === "llama" || modelType === "opt") return modelType;
  throw new InstructBlipError("UNSUPPORTED", `There is no language model of the type "${modelType}".`);
}
