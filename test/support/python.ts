import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findEnvironment } from "../../ts-client/src/python/index.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** The Python that the workers use: `IBW_PYTHON` where it is set, or the environment that was set up. */
export async function pythonPath(): Promise<string> {
  return process.env.IBW_PYTHON ?? (await findEnvironment()).python;
}

/** Runs a script under `test/`, and gives what it wrote to standard output. */
export async function runPython(script: string, args: readonly string[]): Promise<string> {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(await pythonPath(), [file, ...args], {
    cwd: repository,
    maxBuffer: 1024 ** 3,
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
  });
  return stdout;
}
