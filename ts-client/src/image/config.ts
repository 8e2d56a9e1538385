import { invalidArgument } from "../errors/index.ts";
import { FILTER_NAMES, FILTERS } from "./resample/filters.ts";

/** What a picture goes through: the fields of a checkpoint's `preprocessor_config.json`. */
export interface ImageProcessorConfig {
  /** Make three channels of gray, palettes and alpha, as Pillow's `convert("RGB")` does. @default true */
  readonly doConvertRgb: boolean;
  /** Resize to `size`, without cropping. @default true */
  readonly doResize: boolean;
  /** Of the result; published checkpoints have 224 × 224. @unit pixels @default 384 × 384 */
  readonly size: { readonly height: number; readonly width: number };
  /** Pillow's number for the resampling filter; 3 is bicubic. @default 3 */
  readonly resample: number;
  /** Multiply samples with `rescaleFactor`. @default true */
  readonly doRescale: boolean;
  /** @default 1 / 255 */
  readonly rescaleFactor: number;
  /** Take `imageMean` off and divide by `imageStd`. @default true */
  readonly doNormalize: boolean;
  /** Per channel: red, green, blue. @default CLIP's */
  readonly imageMean: readonly number[];
  /** Per channel: red, green, blue. @default CLIP's */
  readonly imageStd: readonly number[];
}

/** The defaults of transformers' `BlipImageProcessor`; mean and deviation are CLIP's. */
export const DEFAULT_IMAGE_CONFIG: ImageProcessorConfig = {
  doConvertRgb: true,
  doResize: true,
  size: { height: 384, width: 384 },
  resample: 3,
  doRescale: true,
  rescaleFactor: 1 / 255,
  doNormalize: true,
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
};

/** Pixels of a prepared picture; one number is a square's side. */
export type PictureSize = number | ImageProcessorConfig["size"];

/** The largest side of a prepared picture: position embeddings are not interpolated further. */
const MAX_SIDE = 4096;

/** Steps that other processors have and this one does not. */
const FOREIGN_STEPS = ["do_center_crop", "do_pad", "do_flip_channel_order", "do_thumbnail"];

/**
 * Reads a `preprocessor_config.json`, or the `image_processor` of a `processor_config.json`. Names may be in
 * camelCase too.
 *
 * @param where - the file, for error messages
 * @throws INVALID_ARGUMENT naming the field that is wrong or that is not supported
 */
export function parseImageConfig(json: unknown, where: string): ImageProcessorConfig {
  if (typeof json !== "object" || json === null) throw invalidArgument(where, "a JSON object", json);
  const fields: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(json).map(([name, value]) => [snakeCase(name), value]),
  );
  const at = (name: string) => `${where}: ${name}`;
  for (const step of FOREIGN_STEPS) {
    if (fields[step])
      throw invalidArgument(at(step), "false or left out: InstructBLIP has no such step", fields[step]);
  }
  const defaults = DEFAULT_IMAGE_CONFIG;
  const config = {
    doConvertRgb: flag(fields.do_convert_rgb, defaults.doConvertRgb, at("do_convert_rgb")),
    doResize: flag(fields.do_resize, defaults.doResize, at("do_resize")),
    size: sizeOf(fields.size, at("size")),
    resample: filterOf(fields.resample, at("resample")),
    doRescale: flag(fields.do_rescale, defaults.doRescale, at("do_rescale")),
    rescaleFactor: numberOf(fields.rescale_factor, defaults.rescaleFactor, at("rescale_factor")),
    doNormalize: flag(fields.do_normalize, defaults.doNormalize, at("do_normalize")),
    imageMean: channelsOf(fields.image_mean, defaults.imageMean, at("image_mean")),
    imageStd: channelsOf(fields.image_std, defaults.imageStd, at("image_std")),
  };
  if (!config.doConvertRgb) {
    throw invalidArgument(at("do_convert_rgb"), "true: the vision model takes RGB only", false);
  }
  if (config.doNormalize && config.imageStd.includes(0)) {
    throw invalidArgument(at("image_std"), "numbers other than 0", 0);
  }
  return config;
}

/** The dictionary that {@link parseImageConfig} reads, as transformers writes it. */
export function imageConfigJson(config: ImageProcessorConfig): Record<string, unknown> {
  return {
    image_processor_type: "BlipImageProcessor",
    do_convert_rgb: config.doConvertRgb,
    do_resize: config.doResize,
    size: config.size,
    resample: config.resample,
    do_rescale: config.doRescale,
    rescale_factor: config.rescaleFactor,
    do_normalize: config.doNormalize,
    image_mean: config.imageMean,
    image_std: config.imageStd,
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function flag(value: unknown, fallback: boolean, path: string): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "boolean") throw invalidArgument(path, "true or false", value);
  return value;
}

function numberOf(value: unknown, fallback: number, path: string): number {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "number" || !Number.isFinite(value)) throw invalidArgument(path, "a number", value);
  return value;
}

function channelsOf(value: unknown, fallback: readonly number[], path: string): readonly number[] {
  if (value === undefined || value === null) return fallback;
  if (typeof value === "number") return [value, value, value];
  if (!Array.isArray(value) || value.length !== 3 || !value.every(Number.isFinite)) {
    throw invalidArgument(path, "three numbers, one a channel", value);
  }
  return value;
}

function sizeOf(value: unknown, path: string): ImageProcessorConfig["size"] {
  return value === undefined || value === null ? DEFAULT_IMAGE_CONFIG.size : readSize(value, path);
}

/** Checks the size of a prepared picture. @throws INVALID_ARGUMENT */
export function readSize(value: unknown, path: string): ImageProcessorConfig["size"] {
  const size = (typeof value === "number" ? { height: value, width: value } : value) as Record<
    string,
    unknown
  >;
  const { height, width } = size ?? {};
  const valid = [height, width].every((n) => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= MAX_SIDE);
  if (!valid) throw invalidArgument(path, `{ height, width } from 1 to ${MAX_SIDE}`, value);
  return { height: Number(height), width: Number(width) };
}

function filterOf(value: unknown, path: string): number {
  if (value === undefined || value === null) return DEFAULT_IMAGE_CONFIG.resample;
  if (typeof value === "number" && FILTERS.has(value)) return value;
  const known = [...FILTERS.keys()].map((n) => `${n} (${FILTER_NAMES[n]})`).join(", ");
  const name = typeof value === "number" ? FILTER_NAMES[value] : undefined;
  throw invalidArgument(path, `one of ${known}`, value, name && `The filter \`${name}\` is not supported.`);
}
