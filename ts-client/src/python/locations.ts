import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import envPaths from "env-paths";

/** Environment variable that moves the cache folder. */
export const CACHE_DIR_VARIABLE = "INSTRUCTBLIP_WORKERS_CACHE_DIR";
/** Environment variable that names the Python to use. */
export const PYTHON_VARIABLE = "INSTRUCTBLIP_WORKERS_PYTHON";

/** Where this package keeps what it can build again: the option, the variable, or the user's own cache folder. */
export function cacheDirectory(option?: string): string {
  const override = option ?? nonEmpty(process.env[CACHE_DIR_VARIABLE]);
  return override === undefined ? envPaths("instructblip-workers", { suffix: "" }).cache : resolve(override);
}

/** The folder that holds one Python environment per set of requirements, Python version and torch build. */
export function environmentsDirectory(cacheDir?: string): string {
  return join(cacheDirectory(cacheDir), "environments");
}

/** The Python named by the option or the variable, with the name of its source for messages. */
export function namedPython(option?: string): { command: string; source: string } | undefined {
  if (option !== undefined) return { command: option, source: "the `python` option" };
  const variable = nonEmpty(process.env[PYTHON_VARIABLE]);
  return variable === undefined ? undefined : { command: variable, source: PYTHON_VARIABLE };
}

/** The interpreter inside a virtual environment. */
export function environmentPython(directory: string): string {
  return process.platform === "win32"
    ? join(directory, "Scripts", "python.exe")
    : join(directory, "bin", "python");
}

/** The nearest folder above a path that exists, the path itself included. */
export function nearestExisting(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder)) folder = resolve(folder, "..");
  return folder;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value;
}
