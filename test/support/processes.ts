import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The state letter of a process (`Z` for a zombie), or undefined when it is gone. */
export function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  } catch {
    return undefined;
  }
}

/** Whether a process runs: a zombie does not, though a signal would find it. */
export function isRunning(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== "Z";
}

/** Process ids of a process's children, zombies among them. */
export function children(parent = process.pid): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

const SOURCE = new URL("../../ts-client/src/", import.meta.url);

/** Another Node process, with what it wrote. */
export class NodeProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<unknown[]>;

  private constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, ["--import", "tsx", ...args], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.#ended = once(this.child, "close");
    running.add(this);
    void this.#ended.then(() => running.delete(this));
  }

  /** Runs lines of a module in which everything that the package exports, and `say`, is at hand. */
  static run(lines: string): NodeProcess {
    const head = `import * as all from "${new URL("index.ts", SOURCE).href}";
      const { WorkerPool, servePool } = all;
      const say = (value) => console.log(JSON.stringify(value));`;
    return new NodeProcess(["--input-type=module", "--eval", `${head}\n${lines}`]);
  }

  /** Runs the command line. */
  static cli(...args: string[]): NodeProcess {
    return new NodeProcess([fileURLToPath(new URL("cli/main.ts", SOURCE)), ...args]);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it said, one value a line. */
  get said(): unknown[] {
    const lines = this.stdout.split("\n").slice(0, -1);
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Waits until stdout matches. @throws with all it wrote when it ends without */
  async saying(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const isOver = () => this.child.exitCode !== null || this.child.signalCode !== null;
    await until(
      () => pattern.test(this.stdout) || isOver(),
      `${pattern} from process ${this.pid}`,
      timeoutMs,
    );
    if (!pattern.test(this.stdout)) throw new Error(`It ended and said:\n${this.stdout}\n${this.stderr}`);
  }

  /** Its exit code, or the signal that ended it. */
  async end(): Promise<number | string> {
    const [code, signal] = await this.#ended;
    return (code ?? signal) as number | string;
  }
}

const running = new Set<NodeProcess>();

/** Ends what a test that failed left behind. */
export async function endProcesses(): Promise<void> {
  for (const each of [...running]) {
    each.child.kill("SIGKILL");
    await each.end();
  }
}

/** Waits until a condition holds. @throws when it does not in time */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`);
    await wait(20);
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
