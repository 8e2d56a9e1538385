import { execFile } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const environments = new URL("ts-client/src/python/index.ts", pathToFileURL(repository));

/** The project's Python, with the packages that the workers use: `IBW_PYTHON`, or the environment that is set up. */
export async function pythonPath(): Promise<string> {
  if (process.env.IBW_PYTHON !== undefined) return process.env.IBW_PYTHON;
  const { findEnvironment } = await import(environments.href);
  return (await findEnvironment()).python;
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
