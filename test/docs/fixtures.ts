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

/** An answer's tokens as they come. */
export const chunks = processor.tokenizer.encode("a red circle").map((token) => ({ tokens: [token] }));

export async function close(): Promise<void> {
  await served.close();
  await pool.close();
}
