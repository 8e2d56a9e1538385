import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pythonPath } from "./python.ts";

/** What the hub gave out: one entry for each file's content that was asked for. */
export interface Fetched {
  readonly repo: string;
  readonly commit: string;
  readonly file: string;
  readonly token: string | null;
}

/** The hub's stand-in of the Python tests, with the files of a bundled checkpoint. */
export class StandInHub {
  readonly #process: ChildProcess;
  /** For `HF_ENDPOINT`. */
  readonly url: string;
  readonly #lines: string[];

  private constructor(process: ChildProcess, url: string, lines: string[]) {
    this.#process = process;
    this.url = url;
    this.#lines = lines;
  }

  static async start(model: string): Promise<StandInHub> {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const child = spawn(await pythonPath(), ["-m", "tests.loading.hub", `${root}models/${model}`], {
      cwd: `${root}py-worker`,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines: string[] = [];
    const reader = createInterface(child.stdout).on("line", (line) => lines.push(line));
    await once(reader, "line");
    return new StandInHub(child, lines.shift() ?? "", lines);
  }

  /** Ends it, and tells what was fetched. */
  async stop(): Promise<Fetched[]> {
    this.#process.stdin?.end();
    await once(this.#process, "close");
    return this.#lines.map((line) => JSON.parse(line));
  }
}
