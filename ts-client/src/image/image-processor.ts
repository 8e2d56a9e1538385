import { invalidArgument } from "../errors/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { OptionalFormat } from "./admission.ts";
import { type ImageProcessorConfig, parseImageConfig } from "./config.ts";
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
}

const OPTIONAL_FORMATS: readonly unknown[] = ["avif", "tiff"] satisfies OptionalFormat[];

/**
 * Prepares pictures as transformers' `BlipImageProcessor` does with Pillow: decode, convert to RGB, resize.
 * The last steps, rescaling and normalising, are left to whoever needs float32: see `PixelValues`.
 */
export class BlipImageProcessor {
  /** What it does to a picture. */
  readonly config: ImageProcessorConfig;
  readonly #formats: readonly OptionalFormat[];

  /** @param config - a `preprocessor_config.json`; left out, the defaults of the class hold */
  constructor(config: unknown = {}, options: ImageProcessorOptions = {}) {
    this.config = parseImageConfig(config, "preprocessor_config.json");
    const formats = options.imageFormats ?? [];
    if (!Array.isArray(formats) || !formats.every((format) => OPTIONAL_FORMATS.includes(format))) {
      throw invalidArgument("imageFormats", 'an array of "avif" and "tiff"', options.imageFormats);
    }
    this.#formats = formats;
  }

  /**
   * Decodes and resizes one picture, off the event loop.
   *
   * @returns u8 [height, width, 3]
   * @throws IMAGE_REJECTED, INVALID_ARGUMENT; the signal's reason when it is aborted
   */
  async prepare(image: ImageInput, options: PrepareOptions = {}): Promise<Tensor<"uint8">> {
    const { signal, path = "image" } = options;
    const { doResize, resample, size } = this.config;
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
