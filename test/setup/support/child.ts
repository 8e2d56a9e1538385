import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SETUP = join(import.meta.dirname, "setup-process.ts");

/** A set-up that runs in another process. */
export interface SetupProcess {
  readonly child: ChildProcess;
  /** Every line it printed so far. */
  readonly lines: Record<string, unknown>[];
  /** Resolves with the first line that passes. */
  until(test: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Resolves with the exit code, null after a signal. */
  readonly exit: Promise<number | null>;
}

/** Starts a set-up in another process. */
export function startSetup(options: object, env: NodeJS.ProcessEnv): SetupProcess {
  const child = spawn(process.execPath, ["--import", "tsx", SETUP, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line));
    for (const check of waiting) check();
  });
  const exit = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const until: SetupProcess["until"] = (test) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = lines.find(test);
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      child.on("exit", () =>
        setImmediate(() => reject(new Error(`it ended after ${JSON.stringify(lines)}`))),
      );
    });
  return { child, lines, until, exit };
}
