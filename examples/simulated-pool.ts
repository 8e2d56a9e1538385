// What a program does when workers die, run out of memory or are slow, without Python and in no time.
// Run it with `npm run build && npx tsx examples/simulated-pool.ts`.
import { join } from "node:path";
import { loadImage, SimulatedPool, type WorkerScript } from "instructblip-workers";

/** The first worker dies with its first request; two rows fill a worker's memory; an answer takes a minute. */
const script: WorkerScript = ({ worker, attempt, rows, prompt }) => {
  if (worker === "worker-0" && attempt === 1) return { failure: "crash", latencyMs: 5 };
  if (rows > 2) return { failure: "CUDA_OOM" };
  return { text: prompt.includes("color") ? "red" : "circle", latencyMs: 60_000 };
};

await using pool = await SimulatedPool.start({ workers: 2, script, seed: 7 });
pool.on("workerLost", ({ workerId }) => console.log(`${workerId} died`));
pool.on("requestRetried", ({ workerId, code }) => console.log(`tried again: ${code} on ${workerId}`));

const image = await loadImage(join(import.meta.dirname, "pictures", "three.png"));
const prompts = ["What color is it?", "What shape is it?", "What color is the star?"];
const answers = await Promise.all(prompts.map((prompt) => pool.ask({ image, prompt })));
for (const { text, attempts } of answers) console.log(`${text}, after ${attempts} of at most 3 tries`);
console.log(`${Math.floor(pool.now / 60_000)} minutes on the pool's clock`);
