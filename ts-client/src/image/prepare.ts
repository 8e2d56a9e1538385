import { samplesToRgb } from "./decode/color.ts";
import { decode } from "./decode/decode.ts";
import type { ImageFormat } from "./header.ts";
import type { DecodedImage } from "./input.ts";
import { Refusal } from "./refusal.ts";
import { FILTERS } from "./resample/filters.ts";
import { resize } from "./resample/resize.ts";
import type { RgbImage } from "./rgb-image.ts";

/** The size and filter of a resize. */
export interface ResizeSpec {
  readonly width: number;
  readonly height: number;
  /** Pillow's number for the filter: a key of `FILTERS`. */
  readonly resample: number;
}

/** One picture to prepare: an encoded file or decoded samples. */
export interface PrepareTask {
  readonly source: { readonly bytes: Uint8Array; readonly format: ImageFormat } | DecodedImage;
  /** Left out when the picture keeps its size. */
  readonly resize?: ResizeSpec;
}

/** Decodes and resizes one picture. Heavy: runs in a worker thread. */
export async function prepare(task: PrepareTask): Promise<RgbImage> {
  const image =
    "bytes" in task.source ? await decode(task.source.bytes, task.source.format) : toRgb(task.source);
  if (task.resize === undefined) return image;
  const { width, height, resample } = task.resize;
  const filter = FILTERS.get(resample);
  if (filter === undefined) throw new Refusal(`the resampling filter ${resample} is not known`);
  return resize(image, width, height, filter);
}

function toRgb({ data, width, height, channels }: DecodedImage): RgbImage {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { data: samplesToRgb(bytes, channels), width, height };
}
