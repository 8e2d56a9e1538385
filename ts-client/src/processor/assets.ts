import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { bundledCheckpoints } from "../config/index.ts";
import type { ProcessorAssets } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { packageRoot } from "../python/index.ts";

/** The files that a processor is made from; which of the last two there are depends on the checkpoint's age. */
const FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "qformer_tokenizer/tokenizer.json",
  "qformer_tokenizer/tokenizer_config.json",
  "preprocessor_config.json",
  "processor_config.json",
] as const;

type AssetFiles = ProcessorAssets["files"];

/** Reads a processor's files from a checkpoint's folder, or from a bundled one by its name. */
export async function readAssets(source: string): Promise<AssetFiles> {
  const bundled = await bundledCheckpoints();
  const folder = bundled.includes(source) ? join(packageRoot(), "models", source) : resolve(source);
  const present = FILES.filter((file) => existsSync(join(folder, file)));
  if (present.length === 0) {
    throw new InstructBlipError(
      "MODEL_NOT_FOUND",
      `There is no processor at ${folder}. Bundled ones are ${bundled.join(", ")}; ` +
        "one from the hub is read through a pool that serves it: pass `{ pool }`.",
    );
  }
  const contents = await Promise.all(present.map(async (file) => [file, await readFile(join(folder, file))]));
  return Object.fromEntries(contents);
}

/** The image processor's configuration: in `processor_config.json` since 2025, in a file of its own before. */
export function imageConfig(files: AssetFiles): unknown {
  const inProcessor = "processor_config.json" in files ? readJson(files, "processor_config.json") : undefined;
  if (typeof inProcessor === "object" && inProcessor !== null && "image_processor" in inProcessor) {
    return inProcessor.image_processor;
  }
  return readJson(files, "preprocessor_config.json");
}

/** A file as JSON. @throws CONFIG_INVALID when it is missing or no JSON */
export function readJson(files: AssetFiles, name: (typeof FILES)[number]): unknown {
  const bytes = files[name];
  if (bytes === undefined) throw configInvalid(`${name} is missing. ${remedyFor(name)}`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw configInvalid(`${name} is no JSON: ${error instanceof Error ? error.message : error}`, error);
  }
}

function remedyFor(name: string): string {
  if (!name.endsWith("tokenizer.json")) return "It belongs to every InstructBLIP checkpoint.";
  return "Load the checkpoint's tokenizer in Python with `AutoTokenizer` and save it again to get one.";
}

function configInvalid(problem: string, cause?: unknown): InstructBlipError {
  return new InstructBlipError("CONFIG_INVALID", `The processor cannot be made: ${problem}`, { cause });
}
