import sharp, { type Metadata, type Sharp } from "sharp";
import { sizeProblem } from "../admission.ts";
import type { ImageFormat } from "../header.ts";
import { IMAGE_LIMITS } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import type { RgbImage } from "../rgb-image.ts";
import { cmykToRgb, gray16ToRgb, samplesToRgb } from "./color.ts";
import { decodeGif } from "./gif.ts";

/**
 * Decodes a picture to what Pillow's `Image.open(…).convert("RGB")` gives: the first frame, colours as they
 * are stored (no ICC profile, no gamma), not turned by EXIF, alpha dropped.
 *
 * @throws Refusal when it is damaged, truncated, or not what its first bytes said
 */
export async function decode(bytes: Uint8Array, format: ImageFormat): Promise<RgbImage> {
  if (format === "gif") return decodeGif(bytes);
  const open = () =>
    sharp(bytes, { failOn: "error", ignoreIcc: true, limitInputPixels: IMAGE_LIMITS.pixels });
  try {
    const metadata = await open().metadata();
    check(metadata, format);
    if (metadata.space === "cmyk") {
      const cmyk = await raw(open().pipelineColourspace("cmyk").toColourspace("cmyk"));
      return { ...cmyk, data: cmykToRgb(cmyk.data) };
    }
    if (metadata.space === "grey16" && (metadata.channels === 1 || isGrayPng(bytes, format))) {
      const gray = await raw(open().toColourspace("grey16").removeAlpha(), "ushort");
      const { buffer, byteOffset, byteLength } = gray.data;
      return { ...gray, data: gray16ToRgb(new Uint16Array(buffer, byteOffset, byteLength / 2)) };
    }
    const samples = await raw(open().toColourspace("srgb").removeAlpha());
    return { ...samples, data: samplesToRgb(samples.data, samples.channels) };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(decoderMessage(error), error);
  }
}

function check(metadata: Metadata, format: ImageFormat): void {
  const decoder = format === "avif" ? "heif" : format;
  if (metadata.format !== decoder) throw new Refusal(`it begins as ${format} but holds ${metadata.format}`);
  if (format === "avif" && metadata.compression !== "av1")
    throw new Refusal("it is a HEIF picture, not AVIF");
  const problem = sizeProblem(metadata.width, metadata.height, format === "jpeg" && metadata.isProgressive);
  if (problem !== undefined) throw new Refusal(problem);
}

/** Whether a PNG has gray samples alone: a transparent shade makes it two channels for libvips, not for Pillow. */
function isGrayPng(bytes: Uint8Array, format: ImageFormat): boolean {
  const colorType = bytes[25];
  return format === "png" && colorType === 0;
}

async function raw(image: Sharp, depth: "uchar" | "ushort" = "uchar") {
  const { data, info } = await image.raw({ depth }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

function decoderMessage(error: unknown): string {
  const [firstLine = "unknown error"] = String(error instanceof Error ? error.message : error).split("\n");
  return `it could not be decoded (${firstLine})`;
}
