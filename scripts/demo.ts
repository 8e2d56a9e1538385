// Two workers answer eight questions about four pictures, after describing one. Run it with `npm run demo`.
import { join } from "node:path";
import { type Answer, InstructBlipError, loadImage, WorkerPool } from "../ts-client/src/index.ts";

const MODEL = "tiny-shapes-t5";
const PICTURES = join(import.meta.dirname, "..", "examples", "pictures");
const QUESTIONS = [
  { picture: "three.png", prompt: "What color is the circle?" },
  { picture: "three.png", prompt: "What shape is green?" },
  { picture: "three.png", prompt: "Is there a green star?" },
  { picture: "stars.jpg", prompt: "How many stars are there?" },
  { picture: "stars.jpg", prompt: "Is there a gray circle?" },
  { picture: "pair.png", prompt: "How many shapes are there?" },
  { picture: "pair.png", prompt: "Is there a blue square?" },
  { picture: "alone.jpg", prompt: "What shape is purple?" },
] as const;
/** What a worker does for an answer, in order. */
const MODEL_STAGES = ["vision", "qformer", "prefill", "decode"] as const;

try {
  await demo();
} catch (error) {
  const code = InstructBlipError.isInstance(error) ? ` (${error.code})` : "";
  process.stderr.write(`\nerror: ${error instanceof Error ? error.message : String(error)}${code}\n`);
  process.exitCode = 1;
}

async function demo(): Promise<void> {
  say(`Starting two workers on the bundled checkpoint ${MODEL} …`);
  const started = performance.now();
  await using pool = await WorkerPool.start({ model: MODEL, workers: 2, ready: "all" });
  say(`Both are ready after ${seconds(started)}.\n`);

  process.stdout.write("three.png, described as the text comes: ");
  const stream = pool.stream({ image: await read("three.png"), prompt: "Describe the image." });
  for await (const { text } of stream) process.stdout.write(text);
  say("\n");

  const asked = performance.now();
  const requests = QUESTIONS.map(async ({ picture, prompt }) =>
    pool.ask({ image: await read(picture), prompt }),
  );
  const answers = await Promise.all(requests);
  say(table([["picture", "question", "answer", "prepare", "queue", "model", "total"], ...answers.map(row)]));
  const workers = new Set(answers.map(({ workerId }) => workerId)).size;
  say(`\n${answers.length} answers by ${workers} workers in ${seconds(asked)}; times are milliseconds.`);
  say(
    `Of the model's time, at the median: ${MODEL_STAGES.map((stage) => median(answers, stage)).join(", ")}.`,
  );
}

function read(picture: string): Promise<Uint8Array> {
  return loadImage(join(PICTURES, picture));
}

function row({ text, timings }: Answer, index: number): string[] {
  const { picture = "", prompt = "" } = QUESTIONS[index] ?? {};
  const time = (...stages: readonly string[]) =>
    stages.reduce((sum, stage) => sum + (timings[stage] ?? 0), 0).toFixed(1);
  return [picture, prompt, text, time("prepare"), time("queue"), time(...MODEL_STAGES), time("total")];
}

/** `decode 41.2 ms`: the median of one stage. */
function median(answers: readonly Answer[], stage: string): string {
  const times = answers.map(({ timings }) => timings[stage] ?? 0).sort((a, b) => a - b);
  return `${stage} ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(1)} ms`;
}

/** Columns as wide as their widest cell: words flush left, figures flush right. */
function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [line(header), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(line)].join("\n");
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
