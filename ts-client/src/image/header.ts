/** Kinds of file that are accepted; the last two only when they are enabled. */
export type ImageFormat = "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff";

/** What the first bytes say about a picture. Sizes are absent where only the decoder can tell. */
export interface ImageHeader {
  readonly format: ImageFormat;
  readonly size?: { readonly width: number; readonly height: number };
  readonly progressive?: boolean;
}

/** Why some bytes are not an accepted picture. */
export interface UnknownImage {
  readonly reason: string;
}

/** Recognises a picture by its first bytes, before any decoder sees them. */
export function readHeader(bytes: Uint8Array): ImageHeader | UnknownImage {
  if (bytes.length === 0) return { reason: "it has no bytes" };
  if (startsWith(bytes, "\xff\xd8\xff")) return jpegHeader(bytes);
  if (startsWith(bytes, "\x89PNG\r\n\x1a\n")) return pngHeader(bytes);
  if (startsWith(bytes, "GIF87a") || startsWith(bytes, "GIF89a")) return gifHeader(bytes);
  if (startsWith(bytes, "RIFF") && text(bytes, 8, 12) === "WEBP") return webpHeader(bytes);
  if (startsWith(bytes, "II*\0") || startsWith(bytes, "MM\0*")) return { format: "tiff" };
  if (text(bytes, 4, 8) === "ftyp") return isoHeader(text(bytes, 8, 12));
  return { reason: foreignKind(bytes) };
}

const TRUNCATED = { reason: "the file is truncated" };

function jpegHeader(bytes: Uint8Array): ImageHeader | UnknownImage {
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return { reason: "the JPEG's markers are damaged" };
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) {
      at++;
      continue;
    }
    const standsAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (isFrameHeader(marker)) {
      const size = { height: u16(bytes, at + 5), width: u16(bytes, at + 7) };
      return { format: "jpeg", size, progressive: (marker & 3) === 2 };
    }
    at += standsAlone ? 2 : 2 + u16(bytes, at + 2);
  }
  return TRUNCATED;
}

/** SOF0 to SOF15; three numbers in between are other segments: DHT, JPG and DAC. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function pngHeader(bytes: Uint8Array): ImageHeader | UnknownImage {
  if (bytes.length < 33) return TRUNCATED;
  return { format: "png", size: { width: u32(bytes, 16), height: u32(bytes, 20) } };
}

function gifHeader(bytes: Uint8Array): ImageHeader | UnknownImage {
  if (bytes.length < 13) return TRUNCATED;
  return { format: "gif", size: { width: u16le(bytes, 6), height: u16le(bytes, 8) } };
}

function webpHeader(bytes: Uint8Array): ImageHeader | UnknownImage {
  if (bytes.length < 30) return TRUNCATED;
  const kind = text(bytes, 12, 16);
  if (kind === "VP8X")
    return { format: "webp", size: { width: u24le(bytes, 24) + 1, height: u24le(bytes, 27) + 1 } };
  if (kind === "VP8 ") {
    return { format: "webp", size: { width: u16le(bytes, 26) & 0x3fff, height: u16le(bytes, 28) & 0x3fff } };
  }
  if (kind !== "VP8L") return { reason: "the WebP file has no picture" };
  const bits = u16le(bytes, 21) + u16le(bytes, 23) * 0x10000;
  return { format: "webp", size: { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 } };
}

function isoHeader(brand: string): ImageHeader | UnknownImage {
  if (brand === "avif" || brand === "avis") return { format: "avif" };
  return { reason: "it is a HEIF picture or a video, which is not accepted; convert it to JPEG or PNG" };
}

function foreignKind(bytes: Uint8Array): string {
  const start = text(bytes, 0, 1024).trimStart();
  const name = start.includes("<svg")
    ? "an SVG drawing"
    : start.startsWith("%PDF")
      ? "a PDF document"
      : start.startsWith("BM")
        ? "a BMP picture"
        : undefined;
  const kinds = "only JPEG, PNG, WebP and GIF are accepted";
  return name === undefined
    ? `its first bytes are those of no known picture; ${kinds}`
    : `it is ${name}; ${kinds}`;
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return text(bytes, 0, magic.length) === magic;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

function u16le(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function u24le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) | ((bytes[at + 2] ?? 0) << 16);
}
