import {
  type CheckpointFiles,
  type CheckpointOptions,
  type CheckpointSource,
  jsonText,
  readCheckpoint,
  readJson,
  writeFolder,
} from "../checkpoint/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { OptionalFormat } from "./admission.ts";
import {
  type ImageProcessorConfig,
  imageConfigJson,
  type PictureSize,
  parseImageConfig,
  readSize,
} from "./config.ts";
import type { ImageInput } from "./input.ts";
import type { PrepareTask } from "./prepare.ts";
import { readInput } from "./read-input.ts";
import { imageError } from "./refusal.ts";
import { prepareInThread } from "./threads.ts";

/** What can be set beside a checkpoint's own configuration. */
export interface ImageProcessorOptions {
  /**
   * Formats to accept beside JPEG, PNG, WebP and GIF. They are decoded by other libraries than Pillow's, so
   * colours may differ from transformers' by some levels.
   * @default []
   */
  readonly imageFormats?: readonly OptionalFormat[];
}

/** How one picture is prepared. */
export interface PrepareOptions {
  /** Gives up. */
  readonly signal?: AbortSignal;
  /** What the picture is called in an error. @default "image" */
  readonly path?: string;
  /** The size to give it. @default the configuration's */
  readonly size?: PictureSize;
}

/** The files that may hold an image processor's configuration: the newer first, the one of before 2025 after it. */
export const IMAGE_PROCESSOR_FILES = ["processor_config.json", "preprocessor_config.json"] as const;

const OPTIONAL_FORMATS: readonly unknown[] = ["avif", "tiff"] satisfies OptionalFormat[];

/**
 * Prepares pictures as transformers' `BlipImageProcessor` does with Pillow: decode, convert to RGB, resize.
 * The last steps, rescaling and normalising, are left to whoever needs float32: see `PixelValues`.
 *
 * @example
 * const imageProcessor = await BlipImageProcessor.fromPretrained("tiny-shapes-t5");
 * const pixels = await imageProcessor.prepare(image);
 * console.log(pixels.shape); // [ 224, 224, 3 ]
 */
export class BlipImageProcessor {
  /** What it does to a picture. */
  readonly config: ImageProcessorConfig;
  readonly #formats: readonly OptionalFormat[];

  /**
   * @param config - fields of {@link ImageProcessorConfig}, or a `preprocessor_config.json`; what is left out has
   *   the defaults of transformers' class
   * @throws INVALID_ARGUMENT naming the field
   */
  constructor(config: unknown = {}, options: ImageProcessorOptions = {}) {
    this.config = parseImageConfig(config, "preprocessor_config.json");
    const formats = options.imageFormats ?? [];
    if (!Array.isArray(formats) || !formats.every((format) => OPTIONAL_FORMATS.includes(format))) {
      throw invalidArgument("imageFormats", 'an array of "avif" and "tiff"', options.imageFormats);
    }
    this.#formats = formats;
  }

  /**
   * Loads a checkpoint's image processor, of which it needs `processor_config.json` or `preprocessor_config.json`.
   *
   * @param source - a bundled name or a checkpoint's folder; with `options.pool` the name of a model that the
   *   pool serves; or a pool
   * @throws MODEL_NOT_FOUND when there is none, CONFIG_INVALID or INVALID_ARGUMENT when it cannot be used
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: ImageProcessorOptions & CheckpointOptions = {},
  ): Promise<BlipImageProcessor> {
    const { pool, ...settings } = options;
    const files = await readCheckpoint(source, { pool }, IMAGE_PROCESSOR_FILES, "image processor");
    return BlipImageProcessor.fromFiles(files, settings);
  }

  /** @internal */
  static fromFiles(files: CheckpointFiles, options: ImageProcessorOptions = {}): BlipImageProcessor {
    const [newer, older] = IMAGE_PROCESSOR_FILES;
    const within = newer in files ? readJson(files, newer, "") : undefined;
    if (typeof within === "object" && within !== null && "image_processor" in within) {
      return new BlipImageProcessor(within.image_processor, options);
    }
    return new BlipImageProcessor(
      readJson(files, older, "It belongs to every InstructBLIP checkpoint."),
      options,
    );
  }

  /** The dictionary of a `preprocessor_config.json`. */
  toJSON(): Record<string, unknown> {
    return imageConfigJson(this.config);
  }

  /** Writes `preprocessor_config.json` into a folder, which is made when it is missing. */
  async savePretrained(folder: string): Promise<void> {
    await writeFolder(folder, { "preprocessor_config.json": jsonText(this) });
  }

  /**
   * Decodes and resizes one picture, off the event loop.
   *
   * @returns u8 [height, width, 3]
   * @throws IMAGE_REJECTED, INVALID_ARGUMENT; the signal's reason when it is aborted
   */
  async prepare(image: ImageInput, options: PrepareOptions = {}): Promise<Tensor<"uint8">> {
    const { signal, path = "image" } = options;
    const { doResize, resample } = this.config;
    const size = options.size === undefined ? this.config.size : readSize(options.size, "size");
    try {
      const { source, pixels } = await readInput(image, path, this.#formats);
      const task: PrepareTask = { source, ...(doResize ? { resize: { ...size, resample } } : {}) };
      const prepared = await prepareInThread(task, signal, pixels);
      return new Tensor("uint8", [prepared.height, prepared.width, 3], prepared.data);
    } catch (error) {
      throw imageError(error, path);
    }
  }
}
