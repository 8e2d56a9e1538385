import { readFile, stat } from "node:fs/promises";
import {
  type CheckpointFiles,
  type CheckpointOptions,
  type CheckpointSource,
  readCheckpoint,
  readJson,
} from "../checkpoint/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { ConfigJson, ConfigSpec } from "./config-spec.ts";
import { decodeSpecialFloats } from "./special-floats.ts";

const FILE = "config.json";

/** Reads a `config.json`. @throws MODEL_NOT_FOUND, CONFIG_INVALID, and what the pool's `assets` throws */
export async function readConfigFile(
  source: CheckpointSource,
  options: CheckpointOptions,
): Promise<ConfigJson> {
  const json = readJson(await findFile(source, options), FILE, "It belongs to every checkpoint.");
  if (isDictionary(json)) return decodeSpecialFloats(json) as ConfigJson;
  throw new InstructBlipError("CONFIG_INVALID", `${FILE} is no object.`, { path: FILE });
}

/**
 * The dictionary of a class in a file: a part's stands in its model's file under the part's key, or is known
 * by its `model_type`.
 */
export function takePart({ modelType, partOf }: ConfigSpec, json: ConfigJson): ConfigJson {
  const own = partOf === undefined ? undefined : json[partOf];
  if (isDictionary(own)) return own;
  const found = json.model_type ?? modelType;
  if (found === modelType) return json;
  const part = Object.values(json).find((value) => isDictionary(value) && value.model_type === modelType);
  if (isDictionary(part)) return part;
  throw new InstructBlipError(
    "CONFIG_INVALID",
    `The ${FILE} describes "${String(found)}" and has no part of type "${modelType}".`,
    { path: "model_type" },
  );
}

async function findFile(source: CheckpointSource, options: CheckpointOptions): Promise<CheckpointFiles> {
  if (typeof source === "string" && options.pool === undefined && source.endsWith(".json")) {
    const isFile = (await stat(source).catch(() => undefined))?.isFile();
    if (isFile) return { [FILE]: await readFile(source) };
  }
  return readCheckpoint(source, options, [FILE], "configuration");
}

function isDictionary(value: unknown): value is ConfigJson {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
