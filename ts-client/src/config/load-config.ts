import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { InstructBlipError } from "../errors/index.ts";
import { checkConfig } from "./config-schema.ts";
import type { WorkersConfig } from "./define-config.ts";
import { environmentConfig } from "./environment-config.ts";

/** Names that are looked for in the working directory, in this order. */
const FILES = ["ts", "js", "mjs", "json"].map((extension) => `instructblip-workers.config.${extension}`);

/** Where configuration comes from. */
export interface LoadConfigOptions {
  /** What the command line says; wins over everything. */
  readonly flags?: WorkersConfig;
  /** The file to read. @default the first of `instructblip-workers.config.{ts,js,mjs,json}` in `cwd`, if any */
  readonly file?: string;
  /** @default the working directory */
  readonly cwd?: string;
  /** @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The configuration, and the file that took part in it. */
export interface LoadedConfig {
  readonly config: WorkersConfig;
  readonly file: string | undefined;
}

/**
 * Puts the configuration together: flags before the environment before the file.
 *
 * @throws CONFIG_INVALID naming the file or variable and the field
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const { flags = {}, cwd = process.cwd(), environment = process.env } = options;
  const file = options.file === undefined ? findConfig(cwd) : path.resolve(cwd, options.file);
  const fromFile = file === undefined ? {} : checkConfig(await readConfig(file), file);
  return { config: merge(fromFile, merge(environmentConfig(environment), flags)), file };
}

function findConfig(cwd: string): string | undefined {
  return FILES.map((name) => path.join(cwd, name)).find((file) => existsSync(file));
}

/** Whoever names one model means no other, so `model` also outdoes the weaker side's `models`. */
function merge(weak: WorkersConfig, strong: WorkersConfig): WorkersConfig {
  const given = Object.fromEntries(Object.entries(strong).filter(([, value]) => value !== undefined));
  const { model, models, ...rest } = weak;
  const named = strong.model !== undefined || strong.models !== undefined;
  return { ...rest, ...(!named && { ...(model && { model }), ...(models && { models }) }), ...given };
}

async function readConfig(file: string): Promise<unknown> {
  if (!existsSync(file))
    throw new InstructBlipError("CONFIG_INVALID", `There is no configuration at ${file}.`);
  try {
    if (file.endsWith(".json")) return JSON.parse(await readFile(file, "utf8"));
    const module: { default?: unknown } = file.endsWith(".ts")
      ? await importTypeScript(file)
      : await importFile(file);
    if (module.default !== undefined) return module.default;
  } catch (cause) {
    if (InstructBlipError.isInstance(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InstructBlipError("CONFIG_INVALID", `The configuration ${file} cannot be read: ${reason}`, {
      cause,
    });
  }
  throw new InstructBlipError("CONFIG_INVALID", `The configuration ${file} has no default export.`);
}

function importFile(file: string): Promise<{ default?: unknown }> {
  return import(pathToFileURL(file).href);
}

/** Node reads TypeScript by itself from 22.18 on; before, tsx does where it is installed. */
async function importTypeScript(file: string): Promise<{ default?: unknown }> {
  if ("typescript" in process.features && process.features.typescript) return importFile(file);
  const require = createRequire(file);
  let tsx: typeof import("tsx/cjs/api");
  try {
    tsx = require("tsx/cjs/api");
  } catch (cause) {
    throw new InstructBlipError(
      "CONFIG_INVALID",
      `Node ${process.versions.node} needs tsx to read ${file}. Run \`npm install --save-dev tsx\`, or rename the file to .mjs.`,
      { cause },
    );
  }
  return tsx.require(file, file);
}
