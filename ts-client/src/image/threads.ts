import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { Gate } from "./gate.ts";
import { IMAGE_LIMITS } from "./limits.ts";
import type { PrepareTask } from "./prepare.ts";
import { Refusal } from "./refusal.ts";
import type { RgbImage } from "./rgb-image.ts";
import type { PrepareResult } from "./worker.ts";

/** Settings of the threads that prepare pictures, shared by all processors of this process. */
export interface ImageThreadOptions {
  /** How many pictures are decoded and resized at once. @default min(cores, 4) */
  readonly threads?: number;
  /** How much decoded pictures in preparation may take together. @default 256 MiB @unit bytes */
  readonly memoryBytes?: number;
}

const MEMORY_BYTES = 256 * 1024 * 1024;
const IDLE_MILLISECONDS = 30_000;
/** What a pixel costs while it is prepared: four CMYK samples and the three they become. */
const BYTES_PER_PIXEL = 7;

let options: ImageThreadOptions = {};
let shared: Promise<Threads> | undefined;

/**
 * Sets how many threads prepare pictures, and how much memory they may take. Call it before the first picture
 * is prepared; afterwards it throws INVALID_ARGUMENT.
 */
export function configureImageThreads(settings: ImageThreadOptions): void {
  const { threads, memoryBytes } = settings;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw invalidArgument("threads", "a whole number from 1 up", threads);
  }
  if (memoryBytes !== undefined && !(memoryBytes > 0)) {
    throw invalidArgument("memoryBytes", "a number above 0", memoryBytes);
  }
  if (shared !== undefined) {
    throw invalidArgument("settings", "set before the first picture is prepared", settings);
  }
  options = settings;
}

/**
 * Prepares a picture in a thread. Aborting takes effect at once for the caller; a picture that is being
 * decoded is finished by its thread and dropped.
 *
 * @param pixels - how large the decoded picture is; by default as large as a picture may be
 */
export async function prepareInThread(
  task: PrepareTask,
  signal?: AbortSignal,
  pixels: number = IMAGE_LIMITS.pixels,
): Promise<RgbImage> {
  signal?.throwIfAborted();
  shared ??= startThreads(options);
  const { gate, slots, pool } = await shared;
  const work = () => slots.run(1, signal, () => runTask(pool, task));
  const result = await orAborted(gate.run(pixels * BYTES_PER_PIXEL, signal, work), signal);
  if ("refusal" in result) throw new Refusal(result.refusal);
  return result.image;
}

interface Threads {
  readonly gate: Gate;
  readonly slots: Gate;
  readonly pool: Piscina;
}

async function startThreads({ threads, memoryBytes }: ImageThreadOptions): Promise<Threads> {
  // On glibc, a library that only threads load is unloaded with them and takes the process down.
  await import("sharp");
  const maxThreads = threads ?? Math.min(availableParallelism(), 4);
  const fromSource = import.meta.url.endsWith(".ts");
  const pool = new Piscina({
    filename: fileURLToPath(new URL(fromSource ? "./worker.ts" : "./worker.js", import.meta.url)),
    minThreads: 0,
    maxThreads,
    idleTimeout: IDLE_MILLISECONDS,
    atomics: "disabled",
    recordTiming: false,
    ...(fromSource ? { execArgv: ["--import", "tsx"] } : {}),
  });
  return { gate: new Gate(memoryBytes ?? MEMORY_BYTES), slots: new Gate(maxThreads), pool };
}

/** Gives the thread a copy of the samples or bytes: theirs may be a view of far more memory, or shared. */
async function runTask(pool: Piscina, task: PrepareTask): Promise<PrepareResult> {
  // Not `slice`: a Buffer's gives a view, and the caller's memory would be taken away.
  const copy = new Uint8Array("bytes" in task.source ? task.source.bytes : task.source.data);
  const source = "bytes" in task.source ? { ...task.source, bytes: copy } : { ...task.source, data: copy };
  try {
    return await pool.run({ ...task, source }, { transferList: [copy.buffer] });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InstructBlipError("INTERNAL", `A thread that prepared a picture failed: ${message}`, {
      cause: error,
    });
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = withReject<T>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => {});
  }
}

function withReject<T>(): { promise: Promise<T>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((_, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
