import { type CheckpointFiles, readJson } from "../checkpoint/index.ts";

/** What a tokenizer is made from. */
export interface TokenizerFiles {
  readonly json: unknown;
  readonly config: unknown;
}

const REMEDY = "Load the checkpoint's tokenizer in Python with `AutoTokenizer` and save it again to get one.";

/** The files of a checkpoint that make a tokenizer; not every checkpoint has the last. */
export function tokenizerFiles(subfolder = ""): string[] {
  const names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];
  return names.map((name) => pathOf(subfolder, name));
}

/**
 * Reads a tokenizer's files. Older checkpoints may name special tokens in `special_tokens_map.json` alone.
 *
 * @throws CONFIG_INVALID
 */
export function readTokenizerFiles(files: CheckpointFiles, subfolder: string): TokenizerFiles {
  const [json, config, map] = tokenizerFiles(subfolder) as [string, string, string];
  const settings = readJson(files, config, REMEDY);
  const tokens = map in files ? readJson(files, map, REMEDY) : {};
  return {
    json: readJson(files, json, REMEDY),
    config:
      isObject(settings) && isObject(tokens) ? { ...tokens, ...withoutNull(settings, tokens) } : settings,
  };
}

/** A setting that is null says nothing where the map has a token. */
function withoutNull(settings: object, tokens: object): object {
  const said = Object.entries(settings).filter(([key, value]) => value !== null || !(key in tokens));
  return Object.fromEntries(said);
}

function pathOf(subfolder: string, name: string): string {
  const folder = subfolder.replace(/\/+$/, "");
  return folder === "" ? name : `${folder}/${name}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
