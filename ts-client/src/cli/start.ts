import { type Command, Option } from "commander";
import { type Served, servePool } from "../front/index.ts";
import { WorkerPool } from "../pool/index.ts";
import { LOG_LEVELS, type LogLevel } from "../pool/logger.ts";
import {
  addDeploymentOptions,
  type DeploymentFlags,
  deploymentOf,
  wholeNumber,
} from "./deployment-options.ts";
import { readyPython } from "./environment.ts";
import { showLoading } from "./loading-progress.ts";
import { answer, answerJson, remark } from "./output.ts";
import { type CommandContext, type CommonOptions, runCommand } from "./run-command.ts";

interface StartFlags extends CommonOptions, DeploymentFlags {
  readonly name?: string;
  readonly endpoint?: string;
  readonly grace: number;
  readonly logLevel: LogLevel;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers start                                          the bundled model, one worker
  $ instructblip-workers start --workers 2 --device cuda:0,cuda:1 \\
      --model Salesforce/instructblip-flan-t5-xl --dtype bfloat16       a real one on two GPUs
  $ instructblip-workers ask photo.jpg "What is unusual about this image?"
`;

/** `start`: runs a pool that other processes can use. */
export function registerStart(program: Command): void {
  const command = program
    .command("start")
    .summary("run a pool of workers that other processes can use")
    .description(
      "Starts workers, supervises them, and serves other processes of this user until it is stopped: by Ctrl-C, by SIGTERM or by `instructblip-workers stop`. Work in hand is finished first; a second Ctrl-C ends at once.",
    );
  addDeploymentOptions(command)
    .option("--name <name>", "what clients call it (default: default)")
    .option("--endpoint <address>", "where to listen: an ipc:// path in a private folder")
    .option("--grace <ms>", "how long work in hand may take at the end", wholeNumber(0), 30_000)
    .addOption(new Option("--log-level <level>", "how much to log").choices([...LOG_LEVELS]).default("warn"))
    .option("--json", "say how to connect as one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action((flags: StartFlags) => {
      return runCommand(flags, (context) => start(flags, context), { terminationIsSuccess: true });
    });
}

async function start(flags: StartFlags, { signal }: CommandContext): Promise<undefined> {
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
