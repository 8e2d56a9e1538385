import type { Command } from "commander";
import { DEFAULT_NAME, readRuntimeFile } from "../front/index.ts";
import { loadImage } from "../image/index.ts";
import type { Answer } from "../model/answer.ts";
import type { AskRequest } from "../model/ask-request.ts";
import type { AskingEngine } from "../model/asking-engine.ts";
import { DEFAULT_MODEL, WorkerPool } from "../pool/index.ts";
import type { AskFlags } from "./ask.ts";
import { deploymentOf } from "./deployment-options.ts";
import { readyPython } from "./environment.ts";
import { readGenerationOptions } from "./generation-options.ts";
import { showLoading } from "./loading-progress.ts";
import { answer, answerJson, remark } from "./output.ts";

/** Asks one question and prints its answer. */
export async function ask(
  path: string,
  prompt: string,
  flags: AskFlags,
  command: Command,
  signal: AbortSignal,
): Promise<undefined> {
  const image = path === "-" ? await readStdin() : await loadImage(path);
  await using engine = await findEngine(flags, signal);
  const request: AskRequest = {
    ...readGenerationOptions(command),
    image,
    prompt,
    signal,
    ...(flags.deadline === undefined ? {} : { deadlineMs: flags.deadline }),
  };
  const result =
    flags.stream === true ? await printStream(engine, request, flags) : await engine.ask(request);
  if (flags.json === true) answerJson(describeAnswer(result));
  else if (flags.stream !== true) for (const text of result.texts) answer(text);
}

async function printStream(engine: AskingEngine, request: AskRequest, { json }: AskFlags): Promise<Answer> {
  const stream = engine.stream(request);
  for await (const { text } of stream) if (json !== true) process.stdout.write(text);
  if (json !== true) process.stdout.write("\n");
  return stream.result;
}

/** The daemon that was named, the default one if it runs, or else a worker of our own. */
async function findEngine(flags: AskFlags, signal: AbortSignal): Promise<AskingEngine> {
  const { name, endpoint } = flags;
  const named = name !== undefined || endpoint !== undefined;
  if (named || (await readRuntimeFile(DEFAULT_NAME)) !== undefined) {
    if (flags.model !== undefined) remark("A daemon answers, so --model and the like have no effect.");
    return WorkerPool.connect({
      ...(name === undefined ? {} : { name }),
      ...(endpoint === undefined ? {} : { endpoint }),
    });
  }
  const python = await readyPython(signal);
  const { source = DEFAULT_MODEL, ...rest } = deploymentOf(flags);
  remark(`No daemon is running, so a worker is started for this question (model ${source}).`);
  const pool = await WorkerPool.start({ ...rest, model: source, python, ready: "none" });
  const stopLoading = showLoading(pool);
  try {
    await pool.untilReady();
  } catch (error) {
    await pool.close();
    throw error;
  } finally {
    stopLoading();
  }
  return pool;
}

/** The answer as plain JSON; tensors by dtype and shape, with their numbers. */
function describeAnswer({ outputs, ...result }: Answer): object {
  const tensors = Object.entries(outputs).map(([name, tensor]) => {
    return [name, { dtype: tensor.dtype, shape: tensor.shape, data: tensor.toArray() }];
  });
  return { ...result, ...(tensors.length === 0 ? {} : { outputs: Object.fromEntries(tensors) }) };
}

async function readStdin(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
