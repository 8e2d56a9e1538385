import { type CheckpointFiles, readJson } from "../checkpoint/index.ts";
import { IMAGE_PROCESSOR_FILES } from "../image/image-processor.ts";
import { BlipImageProcessor, type ImageProcessorOptions } from "../image/index.ts";
import { Tokenizer } from "../tokenizer/index.ts";
import { tokenizerFiles } from "../tokenizer/tokenizer-files.ts";

/** Where the Q-Former's tokenizer is within a checkpoint. */
export const QFORMER_FOLDER = "qformer_tokenizer";

/** The files that a processor may be made from; which of them there are depends on the checkpoint's age. */
export const PROCESSOR_FILES: readonly string[] = [
  ...tokenizerFiles(),
  ...tokenizerFiles(QFORMER_FOLDER),
  ...IMAGE_PROCESSOR_FILES,
];

/** Files that tell how many queries a picture has; the first that says it. */
const QUERY_FILES = ["processor_config.json", "config.json"];

/** What a processor is made from. */
export interface ProcessorParts {
  readonly imageProcessor: BlipImageProcessor;
  readonly tokenizer: Tokenizer;
  readonly qformerTokenizer: Tokenizer;
  readonly numQueryTokens: number | undefined;
}

/** @throws CONFIG_INVALID, INVALID_ARGUMENT when the files cannot be used */
export function readParts(files: CheckpointFiles, options: ImageProcessorOptions): ProcessorParts {
  return {
    imageProcessor: BlipImageProcessor.fromFiles(files, options),
    tokenizer: Tokenizer.fromFiles(files),
    qformerTokenizer: Tokenizer.fromFiles(files, QFORMER_FOLDER),
    numQueryTokens: numQueryTokens(files),
  };
}

function numQueryTokens(files: CheckpointFiles): number | undefined {
  const said = QUERY_FILES.filter((name) => name in files).map((name) => {
    const json = readJson(files, name, "");
    return typeof json === "object" && json !== null && "num_query_tokens" in json
      ? json.num_query_tokens
      : undefined;
  });
  return said.find((value): value is number => typeof value === "number");
}
