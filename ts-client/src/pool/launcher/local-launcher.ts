import { isMainThread } from "node:worker_threads";
import { execa } from "execa";
import { InstructBlipError } from "../../errors/index.ts";
import { clean, type Logger } from "../logger.ts";
import type { LaunchedWorker, Launcher, LaunchSpec, WorkerExit } from "./launcher.ts";
import { workerEnvironment } from "./worker-environment.ts";

/** Lines of standard error kept for the report of a death. */
const TAIL_LINES = 40;

export interface LocalLauncherOptions {
  /** The environment's interpreter. */
  readonly python: string;
  /** The worker's entry file. */
  readonly server: string;
  readonly logger: Logger;
}

/** Starts workers as children of this process. */
export class LocalLauncher implements Launcher {
  readonly #options: LocalLauncherOptions;

  constructor(options: LocalLauncherOptions) {
    this.#options = options;
  }

  async launch(spec: LaunchSpec): Promise<LaunchedWorker> {
    if (!isMainThread) {
      // Linux ends a child with the thread that spawned it.
      throw new InstructBlipError(
        "UNSUPPORTED",
        "A pool cannot be started in a worker thread: its processes would die with the thread. " +
          "Start it on the main thread.",
      );
    }
    const { python, server, logger } = this.#options;
    const child = execa(python, [server], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      buffer: false,
      reject: false,
      // A process group of its own: a terminal's Ctrl-C does not reach it, and a kill reaches its children too.
      detached: true,
      cleanup: false,
      extendEnv: false,
      env: workerEnvironment(process.env),
    });
    const tail: string[] = [];
    const drained = Promise.all([
      follow(child.iterable({ from: "stderr" }), spec.workerId, tail, logger),
      follow(child.iterable({ from: "stdout" }), spec.workerId, tail, logger),
    ]);
    const { pid } = child;
    if (pid === undefined) {
      const { shortMessage } = (await child) as { shortMessage?: string };
      throw new InstructBlipError(
        "POOL_UNAVAILABLE",
        `The worker's process could not be started: ${shortMessage ?? "unknown reason"}.`,
      );
    }
    child.stdin.on("error", () => {
      // The worker may die before it has read the line; its exit is what counts.
    });
    child.stdin.write(`${launchLine(spec)}\n`);
    const exited = (async (): Promise<WorkerExit> => {
      const { exitCode, signal } = await child;
      // What the worker said last explains its death; a grandchild that keeps the pipe open must not delay it.
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 200).unref())]);
      return { code: exitCode, signal, stderrTail: tail };
    })();
    return {
      pid,
      exited,
      terminate: () => signalTo(pid, "SIGTERM"),
      kill: () => signalTo(-pid, "SIGKILL"),
    };
  }
}

function launchLine(spec: LaunchSpec): string {
  return JSON.stringify({
    endpoints: spec.endpoints,
    token: spec.token,
    worker_id: spec.workerId,
    pool_epoch: spec.poolEpoch,
    parent_pid: process.pid,
  });
}

/** Reads a stream to its end: a pipe that nobody reads would block the worker for good. */
async function follow(
  lines: AsyncIterable<unknown>,
  workerId: string,
  tail: string[],
  logger: Logger,
): Promise<void> {
  try {
    for await (const line of lines) {
      const text = clean(String(line));
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      logger.debug(`${workerId}: ${text}`);
    }
  } catch {
    // The stream ends with the process.
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}
