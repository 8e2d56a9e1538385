/*
 * What large replies cost those who wait for something else in the same process: the longest the event loop stood
 * still, and the longest gap between the tokens of a stream from the same worker.
 *
 *   npm run build && node scripts/benchmarks/replies.mjs [rounds]
 *
 * The model has as many layers, heads and patches as the published checkpoints, and is narrow and random.
 */
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import {
  InstructBlipConfig,
  InstructBlipForConditionalGeneration,
  OPTConfig,
  servePool,
  Tensor,
  WorkerPool,
} from "instructblip-workers";
import { ensurePython } from "../lib/python.mjs";

const NAME = `replies-${process.pid}`;
const TOKENS = 60;
const config = new InstructBlipConfig({
  visionConfig: { hiddenSize: 256, intermediateSize: 64, initializerRange: 0.1 },
  qformerConfig: { hiddenSize: 24, numHiddenLayers: 2, intermediateSize: 48 },
  textConfig: new OPTConfig({
    ...{ vocabSize: 96, hiddenSize: 32, wordEmbedProjDim: 32, ffnDim: 64, maxPositionEmbeddings: 1024 },
    ...{ numHiddenLayers: 2, numAttentionHeads: 2 },
  }),
  numQueryTokens: 4,
});
const REPLIES = [
  { what: "none", pictures: 1, outputs: ["poolerOutput"] },
  { what: "hidden states", pictures: 6, outputs: ["hiddenStates"] },
  { what: "attentions", pictures: 1, outputs: ["attentions"] },
];

/** The pool, in this process. */
async function startPool() {
  const python = process.env.IBW_PYTHON ?? (await ensurePython({ dev: true })).python;
  return WorkerPool.start({ model: { config, modelId: "m" }, devices: ["cpu"], logLevel: "error", python });
}

/** The same pool in a process of its own, until this one ends it. */
async function startDaemon() {
  const daemon = fork(fileURLToPath(import.meta.url), ["--daemon", NAME]);
  await once(daemon, "message");
  const client = await WorkerPool.connect({ name: NAME });
  const end = async () => {
    await client.close();
    daemon.disconnect();
    await once(daemon, "exit");
  };
  return { client, end };
}

/** One reply beside one stream: megabytes, and milliseconds. */
async function measure(engine, model, { pictures, outputs }) {
  const shape = [pictures, 3, 224, 224];
  const size = pictures * 3 * 224 * 224;
  const pixelValues = new Tensor(
    "float32",
    shape,
    Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
  );
  const ids = new Tensor("int64", [1, 3], BigInt64Array.of(2n, 20n, 30n));
  const question = { pixelValues: pixelValues.slice(0, 1), inputIds: ids, qformerInputIds: ids };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const reply = model.visionModel.forward({ pixelValues, outputs }).then((found) => {
    const [tensor] = Object.values(found);
    return { bytes: tensor.bytes().byteLength, ms: performance.now() - began };
  });
  const [{ bytes, ms }, gap] = await Promise.all([reply, longestGap(engine, question)]);
  delay.disable();
  return { megabytes: bytes / 1e6, ms, gap, stood: delay.max / 1e6, p99: delay.percentile(99) / 1e6 };
}

/** Milliseconds between two tokens of a stream, at most. */
async function longestGap(engine, { pixelValues, inputIds, qformerInputIds }) {
  const [picture] = pixelValues.unbind();
  const stream = engine.submit({
    op: "generate",
    modelId: "m",
    stream: true,
    options: { max_new_tokens: TOKENS, min_new_tokens: TOKENS },
    prepare: async () => ({
      image: { hash: hashOf(picture), tensor: picture },
      inputIds: Int32Array.from(inputIds.data, Number),
      qformerInputIds: Int32Array.from(qformerInputIds.data, Number),
    }),
  });
  let last;
  let longest = 0;
  for await (const _ of stream) {
    const now = performance.now();
    if (last !== undefined) longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

/** The protocol's content hash of a picture. */
function hashOf(tensor) {
  return createHash("sha256")
    .update(`f32:${tensor.shape.join("x")}\n`)
    .update(tensor.bytes())
    .digest("hex");
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)].toFixed(1)} / ${sorted.at(-1).toFixed(1)}`;
}

async function table(way, engine, rounds) {
  const model = await InstructBlipForConditionalGeneration.fromConfig(config, { pool: engine, modelId: "m" });
  for (const reply of REPLIES) {
    await measure(engine, model, reply);
    const seen = [];
    for (let round = 0; round < rounds; round++) seen.push(await measure(engine, model, reply));
    const columns = ["stood", "p99", "gap", "ms"].map((name) => spread(seen.map((each) => each[name])));
    const megabytes = reply.what === "none" ? "–" : seen[0].megabytes.toFixed(0);
    console.log(`| ${way} | ${reply.what} | ${megabytes} | ${columns.join(" | ")} |`);
  }
}

if (process.argv[2] === "--daemon") {
  const pool = await startPool();
  const served = await servePool(pool, { name: process.argv[3], logLevel: "off" });
  process.send("ready");
  await once(process, "disconnect");
  await served.close();
  await pool.close();
} else {
  const rounds = Number(process.argv[2] ?? 5);
  console.log("Milliseconds, median / largest of the rounds:\n");
  console.log(
    "| from | reply | MB | loop stood still | its 99th percentile | gap in a stream | whole reply |",
  );
  console.log("|---|---|---:|---:|---:|---:|---:|");
  const pool = await startPool();
  await table("a worker", pool, rounds);
  await pool.close();
  const { client, end } = await startDaemon();
  await table("a daemon", client, rounds);
  await end();
}
