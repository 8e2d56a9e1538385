import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { bundledCheckpoints, checkpointFolder } from "./bundled.ts";
import { type AssetsSource, servedAssets } from "./served-assets.ts";

/** Where a checkpoint's files are: a bundled name, a folder, the name of a served model, or a pool. */
export type CheckpointSource = string | AssetsSource;

/** How a checkpoint's files are read. */
export interface CheckpointOptions {
  /** Take the files from the pool that serves the model, rather than from this machine's disk. */
  readonly pool?: Pick<Engine, "assets" | "models"> | undefined;
}

/** Files of a checkpoint, by their paths within it. */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

/**
 * Reads those of a checkpoint's files that are there.
 *
 * @param names - paths within the checkpoint
 * @param what - what is made of them, for an error: `processor`
 * @throws MODEL_NOT_FOUND when a folder has none of them, and what a pool's `assets` throws
 */
export async function readCheckpoint(
  source: CheckpointSource,
  { pool }: CheckpointOptions,
  names: readonly string[],
  what: string,
): Promise<CheckpointFiles> {
  if (typeof source === "string") {
    return pool === undefined ? readFolder(source, names, what) : (await servedAssets(pool, source)).files;
  }
  if (typeof source?.pool?.assets !== "function") {
    throw invalidArgument("source", "a bundled name, a checkpoint's folder, or { pool }", source);
  }
  return (await source.pool.assets(source.modelId)).files;
}

async function readFolder(source: string, names: readonly string[], what: string): Promise<CheckpointFiles> {
  const folder = await checkpointFolder(source);
  const contents = await Promise.all(names.map((name) => readPresent(join(folder, name))));
  const present = names.flatMap((name, i) =>
    contents[i] === undefined ? [] : [[name, contents[i]] as const],
  );
  if (present.length > 0) return Object.fromEntries(present);
  throw new InstructBlipError(
    "MODEL_NOT_FOUND",
    `There is no ${what} at ${folder}: no ${names.join(", no ")}. Bundled ones are ` +
      `${(await bundledCheckpoints()).join(", ")}; one from the hub is read through a pool that serves it: pass \`{ pool }\`.`,
  );
}

async function readPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InstructBlipError("CONFIG_INVALID", `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
      path,
    });
  }
}
