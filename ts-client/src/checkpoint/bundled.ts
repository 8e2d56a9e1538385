import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { packageRoot } from "../python/package-root.ts";

/** Names of the checkpoints that come with this package. */
export async function bundledCheckpoints(): Promise<string[]> {
  const entries = await readdir(join(packageRoot(), "models"), { withFileTypes: true });
  return entries
    .filter((entry) => existsSync(join(entry.parentPath, entry.name, "config.json")))
    .map((entry) => entry.name)
    .sort();
}

/** The absolute folder of a bundled checkpoint, or of one on this machine, which may not be there. */
export async function checkpointFolder(source: string): Promise<string> {
  const isBundled = (await bundledCheckpoints()).includes(source);
  return isBundled ? join(packageRoot(), "models", source) : resolve(source);
}
