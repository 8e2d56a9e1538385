import type { WorkersConfig } from "../config/index.ts";
import { loadConfig } from "../config/load-config.ts";
import { assertNameFree, DEFAULT_NAME, type Served, servePool } from "../front/index.ts";
import { WorkerPool } from "../pool/index.ts";
import { deploymentOf } from "./deployment-options.ts";
import { readyPython } from "./environment.ts";
import { showLoading } from "./loading-progress.ts";
import { answer, answerJson, remark } from "./output.ts";
import type { CommandContext } from "./run-command.ts";
import type { StartFlags } from "./start.ts";

/** Runs a pool and serves it until it is to end. */
export async function start(flags: StartFlags, context: CommandContext): Promise<undefined> {
  const opened = await open(flags, context.signal).catch((error) => {
    // To be told to end before it serves anybody is no failure.
    if (!context.signal.aborted) throw error;
  });
  if (opened !== undefined) await serve(opened, flags, context);
  remark("Stopped.");
}

async function serve(
  { pool, served, stopped }: Awaited<ReturnType<typeof open>>,
  flags: StartFlags,
  { signal }: CommandContext,
): Promise<void> {
  try {
    announce(served, flags);
    await Promise.race([stopped, aborted(signal)]);
    remark("Finishing the work in hand …");
    await served.refuseNew(() => pool.drain({ graceMs: flags.grace }));
  } finally {
    await served.close();
    await pool.close();
  }
}

async function open(flags: StartFlags, signal: AbortSignal) {
  const { config, file } = await loadConfig({
    flags: flagsAsConfig(flags),
    ...(flags.config === undefined ? {} : { file: flags.config }),
  });
  if (file !== undefined) remark(`Configuration: ${file}`);
  const { name, endpoint, ...poolOptions } = config;
  // Before minutes go into loading a model; announcing the daemon checks once more.
  await assertNameFree(name ?? DEFAULT_NAME);
  const python = poolOptions.python ?? (await readyPython(signal));
  signal.throwIfAborted();
  const pool = await WorkerPool.start({ ...poolOptions, python, ready: "none" });
  try {
    const stopLoading = showLoading(pool);
    const ready = pool.untilReady(poolOptions.ready === "all" ? "all" : "first");
    await Promise.race([ready, rejectOnAbort(signal)]).finally(stopLoading);
    let stop: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const served = await servePool(pool, {
      onStop: () => stop(),
      ...(poolOptions.logLevel === undefined ? {} : { logLevel: poolOptions.logLevel }),
      ...(name === undefined ? {} : { name }),
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    return { pool, served, stopped };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** What the command line says, in the configuration's names. */
function flagsAsConfig(flags: StartFlags): WorkersConfig {
  const { source, ...rest } = deploymentOf(flags);
  const { name, endpoint, logLevel } = flags;
  return {
    ...rest,
    ...(source === undefined ? {} : { model: source }),
    ...(name === undefined ? {} : { name }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
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
