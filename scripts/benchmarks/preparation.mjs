/*
 * Preparing pictures, from a JPEG's bytes to u8 224×224, against transformers' PIL processor and Pillow alone.
 *
 *   npm run build && node scripts/benchmarks/preparation.mjs [rounds]
 *
 * One thread each. What is compared is CPU time of the whole process, decoder and messages included, so that a
 * busy machine slows all alike; the sides take turns.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { configureImageThreads, InstructBlipProcessor, loadImage } from "instructblip-workers";
import sharp from "sharp";
import { ensurePython } from "../lib/python.mjs";

const CHECKPOINT = "models/tiny-shapes-t5";
const SIZES = [
  { name: "640×480", width: 640, height: 480, count: 60 },
  { name: "4032×3024", width: 4032, height: 3024, count: 4 },
];

/** A function that prepares a file's picture `count` times, and gives the CPU seconds. */
async function nodeSide() {
  configureImageThreads({ threads: 1 });
  const processor = await InstructBlipProcessor.fromPretrained(CHECKPOINT);
  return async (file, count) => {
    const image = await loadImage(file);
    const before = process.cpuUsage();
    for (let i = 0; i < count; i++) await processor.prepareImage(image);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}

async function pythonSides() {
  const python = process.env.IBW_PYTHON ?? (await ensurePython({ dev: true })).python;
  const script = fileURLToPath(new URL("preparation.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", HF_HUB_OFFLINE: "1" };
  const child = spawn(python, [script, CHECKPOINT], { stdio: ["pipe", "pipe", "ignore"], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = (way) => async (file, count) => {
    child.stdin.write(`${way} ${count} ${file}\n`);
    return Number((await lines.next()).value);
  };
  return { transformers: ask("transformers"), pillow: ask("pillow"), close: () => child.stdin.end() };
}

/** A JPEG of smooth shades and grain, as a photograph has. */
async function writePicture(file, width, height) {
  const shades = { type: "gaussian", mean: 128, sigma: 40 };
  const small = await sharp({ create: { width: 64, height: 48, channels: 3, noise: shades } })
    .png()
    .toBuffer();
  const large = sharp(small).resize(width, height, { kernel: "cubic", fit: "fill" });
  await writeFile(file, await large.jpeg({ quality: 85 }).toBuffer());
}

function spread(values, digits) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))].toFixed(digits);
  return `${at(0)} / ${at(0.5)} / ${at(1)}`;
}

const rounds = Number(process.argv[2] ?? 5);
const folder = await mkdtemp(join(tmpdir(), "preparation-"));
const { close, ...python } = await pythonSides();
const sides = { node: await nodeSide(), ...python };
console.log("Pictures per CPU second and core, min / median / max:\n");
console.log("| picture | this package | transformers | Pillow alone | this package ÷ transformers |");
console.log("|---|---:|---:|---:|---:|");
for (const { name, width, height, count } of SIZES) {
  const file = join(folder, `${width}.jpg`);
  await writePicture(file, width, height);
  const rates = { node: [], transformers: [], pillow: [], ratio: [] };
  for (let round = 0; round <= rounds; round++) {
    const seen = {};
    for (const [side, prepare] of Object.entries(sides)) seen[side] = count / (await prepare(file, count));
    // The first round warms up.
    if (round === 0) continue;
    for (const [side, rate] of Object.entries(seen)) rates[side].push(rate);
    rates.ratio.push(seen.node / seen.transformers);
  }
  const digits = count > 10 ? 0 : 1;
  const cells = [rates.node, rates.transformers, rates.pillow].map((values) => spread(values, digits));
  console.log(`| ${name} | ${cells.join(" | ")} | ${spread(rates.ratio, 2)} |`);
}
close();
await rm(folder, { recursive: true });
