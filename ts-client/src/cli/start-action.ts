import { type Served, servePool } from "../front/index.ts";
import { WorkerPool } from "../pool/index.ts";
import { deploymentOf } from "./deployment-options.ts";
import { readyPython } from "./environment.ts";
import { showLoading } from "./loading-progress.ts";
import { answer, answerJson, remark } from "./output.ts";
import type { CommandContext } from "./run-command.ts";
import type { StartFlags } from "./start.ts";

/** Runs a pool and serves it until it is to end. */
export async function start(flags: StartFlags, { signal }: CommandContext): Promise<undefined> {
  const { pool, served, stopped } = await open(flags, signal);
  try {
    announce(served, flags);
    await Promise.race([stopped, aborted(signal)]);
    remark("Finishing the work in hand …");
    await served.refuseNew(() => pool.drain({ graceMs: flags.grace }));
  } finally {
    await served.close();
    await pool.close();
  }
  remark("Stopped.");
}

async function open(flags: StartFlags, signal: AbortSignal) {
  const python = await readyPython(signal);
  signal.throwIfAborted();
  const pool = await WorkerPool.start({
    ...poolOptions(flags),
    python,
    ready: "none",
    logLevel: flags.logLevel,
  });
  try {
    const stopLoading = showLoading(pool);
    await Promise.race([pool.untilReady(), rejectOnAbort(signal)]).finally(stopLoading);
    let stop: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const served = await servePool(pool, {
      onStop: () => stop(),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }),
    });
    return { pool, served, stopped };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function poolOptions(flags: StartFlags) {
  const { source, ...rest } = deploymentOf(flags);
  return { ...rest, ...(source === undefined ? {} : { model: source }) };
}

function announce({ name, endpoint }: Served, { json }: StartFlags): void {
  if (json === true) return answerJson({ ok: true, name, endpoint, pid: process.pid });
  const nameFlag = name === "default" ? "" : ` --name ${name}`;
  const nameOption = name === "default" ? "" : `{ name: "${name}" }`;
  answer(`Ready: "${name}" at ${endpoint} (process ${process.pid}).`);
  answer(`  shell   npx instructblip-workers ask IMAGE "QUESTION"${nameFlag}`);
  answer(`  Node    const pool = await WorkerPool.connect(${nameOption})`);
  answer(`  stop    npx instructblip-workers stop${nameFlag}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function rejectOnAbort(signal: AbortSignal): Promise<never> {
  await aborted(signal);
  throw signal.reason;
}
