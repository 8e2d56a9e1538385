import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import type { ConfigJson, ConfigSpec } from "./config-spec.ts";
import { type AssetsSource, servedAssets } from "./served-assets.ts";
import { decodeSpecialFloats } from "./special-floats.ts";

/** Where a configuration is read from: a bundled name, a folder, a file, or a pool. */
export type ConfigSource = string | AssetsSource;

/** How a configuration is read. */
export interface LoadConfigFileOptions {
  /** Take the file from the pool that serves the model, rather than from this machine's disk. */
  readonly pool?: Pick<Engine, "assets" | "models">;
}

/** A `config.json`, and what it is called in an error. */
export interface ConfigFile {
  readonly json: ConfigJson;
  readonly name: string;
}

/** Reads a `config.json`. @throws MODEL_NOT_FOUND, CONFIG_INVALID, and what the pool's `assets` throws */
export async function readConfigFile(
  source: ConfigSource,
  { pool }: LoadConfigFileOptions,
): Promise<ConfigFile> {
  if (typeof source !== "string") {
    if (typeof source?.pool?.assets !== "function") {
      throw invalidArgument("source", "a bundled name, a checkpoint's folder, or { pool }", source);
    }
    return parse((await source.pool.assets(source.modelId)).files["config.json"], "The pool's config.json");
  }
  if (pool !== undefined) {
    const { files } = await servedAssets(pool, source);
    return parse(files["config.json"], `The config.json of ${source}`);
  }
  const isFile = source.endsWith(".json") && (await stat(source).catch(() => undefined))?.isFile();
  const path = isFile ? source : join(await checkpointFolder(source), "config.json");
  return parse(await readFile(path), path);
}

/**
 * The dictionary of a class in a file: a part's stands in its model's file under the part's key, or is known
 * by its `model_type`.
 */
export function takePart({ modelType, partOf }: ConfigSpec, { json, name }: ConfigFile): ConfigJson {
  const own = partOf === undefined ? undefined : json[partOf];
  if (isDictionary(own)) return own;
  const found = json.model_type ?? modelType;
  if (found === modelType) return json;
  const part = Object.values(json).find((value) => isDictionary(value) && value.model_type === modelType);
  if (isDictionary(part)) return part;
  throw new InstructBlipError(
    "CONFIG_INVALID",
    `${name} describes "${String(found)}" and has no part of type "${modelType}".`,
    { path: "model_type" },
  );
}

function parse(bytes: Uint8Array | undefined, name: string): ConfigFile {
  if (bytes === undefined) throw new InstructBlipError("CONFIG_INVALID", `${name} is missing.`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new InstructBlipError("CONFIG_INVALID", `${name} is not JSON.`, { cause, path: name });
  }
  if (!isDictionary(json))
    throw new InstructBlipError("CONFIG_INVALID", `${name} is no object.`, { path: name });
  return { json: decodeSpecialFloats(json) as ConfigJson, name };
}

function isDictionary(value: unknown): value is ConfigJson {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
