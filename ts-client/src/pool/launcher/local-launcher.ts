import { setTimeout as wait } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";
import { execa } from "execa";
import { InstructBlipError } from "../../errors/index.ts";
import { clean, type Logger } from "../logger.ts";
import type { LaunchedWorker, Launcher, LaunchSpec, WorkerExit } from "./launcher.ts";
import { followLines } from "./lines.ts";
import { workerEnvironment } from "./worker-environment.ts";

/** Lines of standard error kept for the report of a death. */
const TAIL_LINES = 40;
/** How long the last lines may take to come once the process has ended. @unit milliseconds */
const LAST_LINES_MS = 200;

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
      env: workerEnvironment(process.env, spec.environment),
    });
    const { pid, stdin, stdout, stderr } = child;
    if (pid === undefined) {
      const { shortMessage } = (await child) as { shortMessage?: string };
      throw new InstructBlipError(
        "POOL_UNAVAILABLE",
        `The worker's process could not be started: ${shortMessage ?? "unknown reason"}.`,
      );
    }
    const tail: string[] = [];
    const onLine = (line: string) => {
      const text = clean(line);
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      logger.debug(`${spec.workerId}: ${text}`);
    };
    const drained = Promise.all([followLines(stdout, onLine), followLines(stderr, onLine)]);
    // The process's own end: a child of the worker may hold the pipes open for much longer.
    const ended = new Promise<Omit<WorkerExit, "stderrTail">>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
    });
    const exited = ended.then(async (end) => {
      // What the worker said last explains its death.
      await Promise.race([drained, wait(LAST_LINES_MS)]);
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      return { ...end, stderrTail: tail };
    });
    stdin.on("error", () => {
      // The worker may die before it has read the line; its exit is what counts.
    });
    stdin.write(`${launchLine(spec)}\n`);
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

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}
