import { setMaxListeners } from "node:events";
import { type CheckpointOptions, type CheckpointSource, readCheckpoint } from "../checkpoint/index.ts";
import type { ProcessorAssets } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import {
  BlipImageProcessor,
  type ImageInput,
  type ImageProcessorOptions,
  type PictureSize,
  type PrepareOptions,
} from "../image/index.ts";
import { Tensor } from "../tensor/index.ts";
import {
  type DecodeOptions,
  type IncrementalDecoder,
  type TokenIds,
  Tokenizer,
  type TokenSequences,
} from "../tokenizer/index.ts";
import { PROCESSOR_FILES, readParts } from "./assets.ts";
import type { BatchFeature, TextFeature } from "./batch-feature.ts";
import { checkInputs, type ProcessorInputs } from "./call-options.ts";
import { callable } from "./callable.ts";
import { PixelValues } from "./pixel-values.ts";
import { type SaveProcessorOptions, saveProcessor } from "./save-processor.ts";
import { encodeTexts, QFORMER_MAX_TOKENS } from "./text-inputs.ts";

/** How a processor is loaded. */
export interface LoadProcessorOptions extends ImageProcessorOptions, CheckpointOptions {}

/** How a processor is called. */
export interface ProcessorCall {
  (
    inputs: ProcessorInputs & { readonly images: NonNullable<ProcessorInputs["images"]> },
  ): Promise<BatchFeature>;
  (inputs: ProcessorInputs & { readonly images?: never }): Promise<TextFeature>;
  (inputs: ProcessorInputs): Promise<BatchFeature | TextFeature>;
}

/** The ids of one prompt for both models. */
export interface EncodedText {
  /** The language model's. */
  readonly inputIds: number[];
  /** The Q-Former's: at most 512. */
  readonly qformerInputIds: number[];
}

/**
 * Turns pictures and prompts into model inputs, and token ids into text, as transformers' class of this name
 * did in v4.37.2: `inputIds` hold the prompt alone, without placeholders for the picture.
 *
 * @example
 * const processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5");
 * const inputs = await processor({ images: await loadImage("photo.jpg"), text: "What is it?" });
 */
export class InstructBlipProcessor extends callable<ProcessorCall>() {
  /** Prepares pictures. */
  readonly imageProcessor: BlipImageProcessor;
  /** The language model's. */
  readonly tokenizer: Tokenizer;
  /** The Q-Former's. */
  readonly qformerTokenizer: Tokenizer;
  /**
   * Queries that a picture has in the prompts of transformers 5. Nothing here needs it; it is kept for
   * {@link savePretrained}.
   */
  readonly numQueryTokens: number | undefined;

  /** @throws INVALID_ARGUMENT naming the part */
  constructor(
    imageProcessor: BlipImageProcessor,
    tokenizer: Tokenizer,
    qformerTokenizer: Tokenizer,
    numQueryTokens?: number,
  ) {
    super();
    for (const [name, value, type] of [
      ["imageProcessor", imageProcessor, BlipImageProcessor],
      ["tokenizer", tokenizer, Tokenizer],
      ["qformerTokenizer", qformerTokenizer, Tokenizer],
    ] as const) {
      if (!(value instanceof type)) throw invalidArgument(name, `a ${type.name}`, value);
    }
    this.imageProcessor = imageProcessor;
    this.tokenizer = tokenizer;
    if (numQueryTokens !== undefined && !(Number.isInteger(numQueryTokens) && numQueryTokens >= 1)) {
      throw invalidArgument("numQueryTokens", "a whole number from 1 up", numQueryTokens);
    }
    this.qformerTokenizer = qformerTokenizer;
    this.numQueryTokens = numQueryTokens;
  }

  /**
   * Loads a processor: `fromPretrained(folder)`, `fromPretrained("tiny-shapes-t5")`,
   * `fromPretrained(name, { pool })` or `fromPretrained({ pool })`.
   *
   * @param source - a bundled name or a checkpoint's folder; with `options.pool` the name of a model that the
   *   pool serves; or a pool
   * @throws MODEL_NOT_FOUND when there is none, CONFIG_INVALID when its files cannot be used
   */
  static async fromPretrained(
    source: CheckpointSource,
    options: LoadProcessorOptions = {},
  ): Promise<InstructBlipProcessor> {
    const { pool, ...imageOptions } = options;
    const names = [...PROCESSOR_FILES, "config.json"];
    return build(await readCheckpoint(source, { pool }, names, "processor"), imageOptions);
  }

  /** Makes a processor from files at hand. @throws CONFIG_INVALID when they cannot be used */
  static fromAssets(assets: ProcessorAssets, options: ImageProcessorOptions = {}): InstructBlipProcessor {
    return build(assets.files, options);
  }

  /**
   * Prepares pictures and texts; calling the processor itself is the same. Without pictures only texts are
   * prepared, without texts the prompt is empty.
   *
   * @throws INVALID_ARGUMENT, IMAGE_REJECTED, PAYLOAD_TOO_LARGE; the signal's reason when it is aborted
   */
  override call(
    inputs: ProcessorInputs & { readonly images: NonNullable<ProcessorInputs["images"]> },
  ): Promise<BatchFeature>;
  override call(inputs: ProcessorInputs & { readonly images?: never }): Promise<TextFeature>;
  override call(inputs: ProcessorInputs): Promise<BatchFeature | TextFeature>;
  override async call(inputs: ProcessorInputs): Promise<BatchFeature | TextFeature> {
    checkInputs(inputs);
    const { images, size, signal, ...text } = inputs;
    signal?.throwIfAborted();
    if (images === undefined) return encodeTexts(this, text, undefined);
    const pictures: readonly ImageInput[] = Array.isArray(images) ? images : [images as ImageInput];
    if (pictures.length === 0) throw invalidArgument("images", "at least one picture", images);
    const texts = encodeTexts(this, text, pictures.length);
    return {
      pixelValues: await this.#preparePictures(pictures, Array.isArray(images), { size, signal }),
      ...texts,
    };
  }

  /**
   * Decodes and resizes one picture, off the event loop.
   *
   * @returns u8 [height, width, 3]
   * @throws IMAGE_REJECTED, INVALID_ARGUMENT; the signal's reason when it is aborted
   */
  prepareImage(
    image: ImageInput,
    options: Pick<PrepareOptions, "signal" | "size"> = {},
  ): Promise<Tensor<"uint8">> {
    return this.imageProcessor.prepare(image, options);
  }

  /** The ids of one prompt for both models, not padded; the Q-Former's are cut to the 512 it can read. */
  encode(text: string): EncodedText {
    return {
      inputIds: this.tokenizer.encode(text),
      qformerInputIds: this.qformerTokenizer.encode(text, { maxLength: QFORMER_MAX_TOKENS }),
    };
  }

  /**
   * Writes the processor's files into a folder, which is made when it is missing: `tokenizer.json`,
   * `tokenizer_config.json`, the same in `qformer_tokenizer/`, and the picture's settings.
   *
   * @throws INVALID_ARGUMENT when the folder is a file
   */
  savePretrained(folder: string, options: SaveProcessorOptions = {}): Promise<void> {
    return saveProcessor(this, folder, options);
  }

  /** The names of the tensors that a call gives. */
  get modelInputNames(): (keyof BatchFeature)[] {
    return ["inputIds", "attentionMask", "pixelValues", "qformerInputIds", "qformerAttentionMask"];
  }

  /**
   * The text of a sequence of ids, or of a single one; of nested arrays, the texts.
   *
   * @throws INVALID_ARGUMENT for what is no token id, and for a tensor of several rows
   */
  decode(ids: number | bigint | TokenIds, options?: DecodeOptions): string;
  decode(sequences: readonly TokenIds[], options?: DecodeOptions): string[];
  decode(ids: never, options?: DecodeOptions): string | string[] {
    return this.tokenizer.decode(ids, options);
  }

  /**
   * The texts of several sequences, or of the rows of a tensor [rows, length].
   *
   * @throws INVALID_ARGUMENT for what is no token id
   */
  batchDecode(sequences: TokenSequences, options?: DecodeOptions): string[] {
    return this.tokenizer.batchDecode(sequences, options);
  }

  /** A decoder for ids that arrive little by little. */
  incrementalDecoder(options?: DecodeOptions): IncrementalDecoder {
    return this.tokenizer.incrementalDecoder(options);
  }

  async #preparePictures(
    pictures: readonly ImageInput[],
    several: boolean,
    { size, signal }: { readonly size: PictureSize | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<PixelValues> {
    // When one picture is refused, the others that wait are not decoded any more.
    const failure = new AbortController();
    const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
    // Every picture of the call listens.
    setMaxListeners(0, either);
    const prepare = (image: ImageInput, i: number) =>
      this.imageProcessor.prepare(image, {
        signal: either,
        path: several ? `images[${i}]` : "images",
        ...(size !== undefined && { size }),
      });
    try {
      const prepared = await Promise.all(pictures.map(prepare));
      return new PixelValues(stack(prepared), this.imageProcessor.config);
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }
}

function build(files: ProcessorAssets["files"], options: ImageProcessorOptions): InstructBlipProcessor {
  const { imageProcessor, tokenizer, qformerTokenizer, numQueryTokens } = readParts(files, options);
  return new InstructBlipProcessor(imageProcessor, tokenizer, qformerTokenizer, numQueryTokens);
}

/** [height, width, 3] each to [batch, height, width, 3]; one alone is not copied. */
function stack(pictures: readonly Tensor<"uint8">[]): Tensor<"uint8"> {
  const [first, ...others] = pictures as readonly [Tensor<"uint8">, ...Tensor<"uint8">[]];
  const different = others.find(({ shape }) => shape.some((n, axis) => n !== first.shape[axis]));
  if (different !== undefined) {
    throw invalidArgument(
      "images",
      `of one size, ${first.shape.slice(0, 2).join("×")}`,
      different.shape.join("×"),
    );
  }
  const shape = [pictures.length, ...first.shape];
  if (others.length === 0) return new Tensor("uint8", shape, first.data);
  const data = new Uint8Array(pictures.length * first.size);
  pictures.forEach((picture, i) => {
    data.set(picture.data, i * first.size);
  });
  return new Tensor("uint8", shape, data);
}
