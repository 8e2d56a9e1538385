import { existsSync } from "node:fs";
import { join } from "node:path";
import { jsonText, writeFolder } from "../checkpoint/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { type ProcessorParts, QFORMER_FOLDER } from "./assets.ts";

/** How a processor is saved. */
export interface SaveProcessorOptions {
  /**
   * Which file holds the picture's settings: `processor_config` as since 2025, `preprocessor_config` as before,
   * or both files, which every version of transformers reads.
   * @default "both"
   */
  readonly layout?: "both" | "processor_config" | "preprocessor_config";
}

const LAYOUTS: readonly unknown[] = ["both", "processor_config", "preprocessor_config"];

/** Writes a processor's files into a folder. @throws INVALID_ARGUMENT */
export async function saveProcessor(
  { imageProcessor, tokenizer, qformerTokenizer, numQueryTokens }: ProcessorParts,
  folder: string,
  { layout = "both" }: SaveProcessorOptions,
): Promise<void> {
  if (!LAYOUTS.includes(layout)) {
    throw invalidArgument("layout", '"both", "processor_config" or "preprocessor_config"', layout);
  }
  const image = imageProcessor.toJSON();
  const newer = {
    processor_class: "InstructBlipProcessor",
    ...(numQueryTokens === undefined ? {} : { num_query_tokens: numQueryTokens }),
    image_processor: image,
  };
  const isOld = layout === "preprocessor_config";
  if (isOld && existsSync(join(String(folder), "processor_config.json"))) {
    const remedy = "Remove that file, or save both.";
    throw invalidArgument(
      "folder",
      "without a processor_config.json, which readers believe first",
      folder,
      remedy,
    );
  }
  await writeFolder(folder, {
    ...tokenizer.toFiles(),
    ...within(QFORMER_FOLDER, qformerTokenizer.toFiles()),
    ...(isOld ? {} : { "processor_config.json": jsonText(newer) }),
    ...(layout === "processor_config" ? {} : { "preprocessor_config.json": jsonText(image) }),
  });
}

function within(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
