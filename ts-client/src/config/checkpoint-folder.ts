import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InstructBlipError } from "../errors/index.ts";
import { packageRoot } from "../python/package-root.ts";

/**
 * The absolute folder of a checkpoint on this machine.
 *
 * @param source - a bundled checkpoint's name, or a folder with a `config.json`
 * @throws MODEL_NOT_FOUND naming the bundled ones
 */
export async function checkpointFolder(source: string): Promise<string> {
  const bundled = await bundledCheckpoints();
  const folder = bundled.includes(source) ? join(packageRoot(), "models", source) : resolve(source);
  if (existsSync(join(folder, "config.json"))) return folder;
  throw new InstructBlipError(
    "MODEL_NOT_FOUND",
    `There is no checkpoint at ${folder}: no config.json. Bundled ones are ${bundled.join(", ")}; ` +
      "one from the hub is read through a pool that serves it: pass `{ pool }`.",
  );
}

/** Names of the checkpoints that come with this package. */
export async function bundledCheckpoints(): Promise<string[]> {
  const entries = await readdir(join(packageRoot(), "models"), { withFileTypes: true });
  return entries
    .filter((entry) => existsSync(join(entry.parentPath, entry.name, "config.json")))
    .map((entry) => entry.name)
    .sort();
}
