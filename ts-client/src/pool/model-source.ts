import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { randomWeights } from "../config/random-weights.ts";
import type { DeploymentSpec } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import { packageRoot } from "../python/package-root.ts";

/** Checkpoints that come with the package. */
export const BUNDLED_MODELS = ["tiny-shapes-t5", "tiny-shapes-llama"] as const;
/** The one that is used when none is named. */
export const DEFAULT_MODEL: (typeof BUNDLED_MODELS)[number] = "tiny-shapes-t5";

const SCRIPTED_PREFIX = "scripted:";
const CONFIG_PREFIX = "config:";
const HUB_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/** Where a model comes from. */
export interface ModelSource {
  /** What workers are told. */
  readonly source: HeaderOf<"LOAD">["source"];
  /** What people are told: as it was given, or `config:…` for random weights. */
  readonly name: string;
}

type Given = {
  readonly [K in "source" | "seed" | "revision" | "cacheDir" | "offline"]?: DeploymentSpec[K] | undefined;
} & { readonly config?: unknown };

/**
 * Finds what a deployment's `source` or `config` means.
 *
 * @param at - the path of one of the deployment's fields, for messages
 */
export function resolveSource(given: Given, at: (field: string) => string): ModelSource {
  const { source, config, seed } = given;
  if (config !== undefined) {
    if (source !== undefined) {
      throw invalidArgument(at("source"), "left out where there is a `config`", source);
    }
    const { source: name, ...made } = randomWeights(config, seed);
    return { source: { kind: "config", ...made }, name };
  }
  if (source === undefined) throw invalidArgument(at("source"), "given, or `config` in its place", source);
  if (seed !== undefined) throw invalidArgument(at("seed"), "left out: it goes with `config`", seed);
  return { source: resolveName(source, given), name: source };
}

/** Whether two sources are one and the same. */
export function sameSource(one: ModelSource, other: ModelSource): boolean {
  // The name of random weights is equal for equal configurations, whatever the order of their keys.
  if (one.source.kind === "config") return one.name === other.name;
  return JSON.stringify(one.source) === JSON.stringify(other.source);
}

/** A model's name when it is given none: the last part of a path or repository name. */
export function defaultId(name: string): string {
  if (name.startsWith(SCRIPTED_PREFIX)) return "scripted";
  const isConfig = name.startsWith(CONFIG_PREFIX);
  const short = isConfig ? name.slice(CONFIG_PREFIX.length) : path.basename(path.resolve(name));
  const id = short.replace(/[^\w.-]/g, "-");
  if (id === "" || id.length > 128)
    throw invalidArgument("modelId", "given where the source has no short name", name);
  return id;
}

function resolveName(
  name: string,
  { revision, cacheDir, offline = false }: Given,
): HeaderOf<"LOAD">["source"] {
  if (name.startsWith(SCRIPTED_PREFIX)) {
    return { kind: "scripted", script: name.slice(SCRIPTED_PREFIX.length) };
  }
  if ((BUNDLED_MODELS as readonly string[]).includes(name)) {
    return { kind: "folder", path: path.join(packageRoot(), "models", name) };
  }
  const folder = path.resolve(name);
  if (existsSync(folder) && statSync(folder).isDirectory()) return { kind: "folder", path: folder };
  if (HUB_ID.test(name)) {
    return {
      kind: "hub",
      repo: name,
      offline,
      ...(revision === undefined ? {} : { revision }),
      ...(cacheDir === undefined ? {} : { cache_dir: path.resolve(cacheDir) }),
    };
  }
  throw new InstructBlipError(
    "MODEL_NOT_FOUND",
    `There is no model "${name}": it is not bundled (${BUNDLED_MODELS.join(", ")}), ` +
      "not a folder, and not a hub repository such as Salesforce/instructblip-vicuna-7b.",
    { path: "source" },
  );
}
