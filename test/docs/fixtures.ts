// What examples use without saying where it comes from; copied beside them.
import { type AskRequest, loadImage, servePool, WorkerPool } from "instructblip-workers";

export const pool = await WorkerPool.start({ model: "tiny-shapes-t5", logLevel: "error" });
/** What a client finds that names no daemon. */
const served = await servePool(pool);
export const processor = await pool.processor();
export const image = await loadImage("photo.png");
export const prompt = "What color is the circle?";

export const requests: readonly AskRequest[] = [
  { image, prompt },
  { image, prompt: "What color is the square?" },
];

const encoder = { hiddenSize: 32, intermediateSize: 64, numHiddenLayers: 2, numAttentionHeads: 4 };
const visionConfig = { ...encoder, imageSize: 28 };
const qformerConfig = { ...encoder, vocabSize: 100, encoderHiddenSize: 32 };
const textConfig = {
  modelType: "opt",
  vocabSize: 100,
  hiddenSize: 32,
  ffnDim: 64,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  wordEmbedProjDim: 32,
} as const;

/** What configurations without fields are made from where random weights of published sizes would be too much. */
export const small = {
  InstructBlipConfig: { visionConfig, qformerConfig, textConfig, numQueryTokens: 4 },
  InstructBlipVisionConfig: visionConfig,
  InstructBlipQFormerConfig: qformerConfig,
  OPTConfig: textConfig,
};

/** An answer's tokens as they come. */
export const chunks = processor.tokenizer.encode("a red circle").map((token) => ({ tokens: [token] }));

/** Ends what an example has loaded into the pool. */
export async function clear(): Promise<void> {
  const [, ...others] = await pool.models();
  for (const { modelId } of others) await pool.unload(modelId);
}

export async function close(): Promise<void> {
  await served.close();
  await pool.close();
}
