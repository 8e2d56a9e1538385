import { type ImageFormat, type ImageHeader, readHeader } from "./header.ts";
import { IMAGE_LIMITS } from "./limits.ts";
import { Refusal } from "./refusal.ts";

/** Formats that are accepted only when they are asked for: decoders differ from Pillow's by some levels. */
export type OptionalFormat = "avif" | "tiff";

/** Checks an encoded picture's kind and size from its first bytes. @throws Refusal */
export function admit(bytes: Uint8Array, optional: readonly OptionalFormat[]): ImageHeader {
  if (bytes.length > IMAGE_LIMITS.bytes) throw new Refusal(`it has ${bytes.length} bytes; ${limit("bytes")}`);
  const header = readHeader(bytes);
  if ("reason" in header) throw new Refusal(header.reason);
  if (!isEnabled(header.format, optional)) {
    const name = header.format.toUpperCase();
    throw new Refusal(`it is ${name}, which is not enabled; add "${header.format}" to \`imageFormats\``);
  }
  if (header.size !== undefined) {
    const reason = sizeProblem(header.size.width, header.size.height, header.progressive === true);
    if (reason !== undefined) throw new Refusal(reason);
  }
  return header;
}

/** Why a picture of that size is refused, if it is. */
export function sizeProblem(width: number, height: number, progressive: boolean): string | undefined {
  const pixels = width * height;
  if (pixels === 0) return `it is ${width}×${height} pixels`;
  if (pixels > IMAGE_LIMITS.pixels) return `it is ${width}×${height} pixels; ${limit("pixels")}`;
  if (progressive && pixels > IMAGE_LIMITS.progressivePixels) {
    return `it is a progressive JPEG of ${width}×${height} pixels; ${limit("progressivePixels")}`;
  }
  return undefined;
}

function isEnabled(format: ImageFormat, optional: readonly OptionalFormat[]): boolean {
  return (format !== "avif" && format !== "tiff") || optional.includes(format);
}

function limit(name: keyof typeof IMAGE_LIMITS): string {
  const unit = name === "bytes" ? "bytes" : "pixels";
  return `the limit is ${IMAGE_LIMITS[name]} ${unit}`;
}
