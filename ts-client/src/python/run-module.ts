import { createWriteStream, type WriteStream } from "node:fs";
import { execa } from "execa";
import { workerFile } from "./package-root.ts";

/** A Python module to run, as `python -m` would. */
export interface ModuleRun {
  readonly python: string;
  readonly module: "venv" | "pip";
  readonly args: readonly string[];
  /** File that gets every line of output, after what it holds. */
  readonly log: string;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How the run ended. */
export interface ModuleResult {
  readonly ok: boolean;
  /** The last lines of its output. */
  readonly lines: readonly string[];
}

const KEPT_LINES = 400;
/** How long after the guard was told to end everything is killed from here. @unit milliseconds */
const KILL_AFTER_MS = 3_000;

/**
 * Runs a module under `guarded.py`: closing its stdin ends it and all its children, so it also ends when this
 * process is killed. The child is in a process group of its own, and a Ctrl-C reaches it through `signal` alone.
 */
export async function runModule(run: ModuleRun): Promise<ModuleResult> {
  run.signal?.throwIfAborted();
  const log = createWriteStream(run.log, { flags: "a" });
  // A disk that is full for the log is full for the run too, which then says so itself.
  log.on("error", () => {});
  const subprocess = execa(
    run.python,
    ["-I", "-u", workerFile("environment", "guarded.py"), run.module, ...run.args],
    {
      all: true,
      buffer: false,
      detached: process.platform !== "win32",
      env: pipSettings(),
      extendEnv: false,
      reject: false,
      stdin: "pipe",
    },
  );
  const end = () => {
    subprocess.stdin.destroy();
    setTimeout(() => killGroup(subprocess.pid), KILL_AFTER_MS).unref();
  };
  run.signal?.addEventListener("abort", end, { once: true });
  try {
    const lines = await collect(subprocess.iterable({ from: "all" }), log, run.onLine);
    const { exitCode, shortMessage } = await subprocess;
    run.signal?.throwIfAborted();
    return { ok: exitCode === 0, lines: exitCode === 0 ? lines : [...lines, shortMessage ?? ""] };
  } finally {
    run.signal?.removeEventListener("abort", end);
    log.end();
  }
}

async function collect(
  output: AsyncIterable<unknown>,
  log: WriteStream,
  onLine: ((line: string) => void) | undefined,
): Promise<string[]> {
  const kept: string[] = [];
  for await (const item of output) {
    const line = String(item).trimEnd();
    log.write(`${line}\n`);
    if (line === "") continue;
    onLine?.(line);
    if (!line.startsWith("Progress ")) kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
  }
  return kept;
}

/**
 * The user's whole environment, since their pip settings (indexes, proxies, certificates) are to hold; only those
 * that would put packages somewhere else than into the new environment are taken out.
 */
function pipSettings(): NodeJS.ProcessEnv {
  const elsewhere = new Set(["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_PYTHON"]);
  const kept = Object.entries(process.env).filter(([name]) => !elsewhere.has(name.toUpperCase()));
  return {
    ...Object.fromEntries(kept),
    PIP_USER: "0",
    PIP_NO_INPUT: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === "win32") return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Already gone, which is what was wanted.
  }
}
