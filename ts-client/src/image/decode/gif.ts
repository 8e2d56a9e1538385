import { sizeProblem } from "../admission.ts";
import { Refusal } from "../refusal.ts";
import type { RgbImage } from "../rgb-image.ts";
import { unpackLzw } from "./lzw.ts";

/** The parts of a GIF that its first frame needs. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  /** RGB triples, or undefined for a gray ramp. */
  readonly palette: Uint8Array | undefined;
  /** Palette index that the screen outside the frame is filled with. */
  readonly background: number;
  readonly minimumCodeSize: number;
  readonly data: Uint8Array;
}

/**
 * The first frame of a GIF as Pillow's `convert("RGB")` gives it: a transparent pixel has its palette's
 * colour, and the screen outside the frame has the transparent colour, or colour 0 when there is none.
 * (libvips makes both transparent, so their colours are lost.) Format: GIF89a specification, W3C.
 */
export function decodeGif(bytes: Uint8Array): RgbImage {
  const reader = new Reader(bytes);
  const screen = { width: reader.u16At(6), height: reader.u16At(8) };
  const frame = readFrame(reader);
  const width = Math.max(screen.width, frame.left + frame.width);
  const height = Math.max(screen.height, frame.top + frame.height);
  const problem = sizeProblem(width, height, false) ?? sizeProblem(frame.width, frame.height, false);
  if (problem !== undefined) throw new Refusal(problem);

  const indices = unpackLzw(frame.data, frame.minimumCodeSize, frame.width * frame.height);
  if (indices === undefined) throw new Refusal("the GIF is truncated or damaged");
  const colors = fullPalette(frame.palette);
  const data = new Uint8Array(width * height * 3);
  fill(data, colors, frame.background);
  const rows = frame.interlaced
    ? interlacedRows(frame.height)
    : Array.from({ length: frame.height }, (_, y) => y);
  rows.forEach((y, nth) => {
    let at = ((frame.top + y) * width + frame.left) * 3;
    for (let x = 0; x < frame.width; x++) {
      const color = (indices[nth * frame.width + x] as number) * 3;
      data[at++] = colors[color] as number;
      data[at++] = colors[color + 1] as number;
      data[at++] = colors[color + 2] as number;
    }
  });
  return { data, width, height };
}

function readFrame(reader: Reader): Frame {
  const globalPalette = readPalette(reader, reader.u8At(10), 13);
  let transparent: number | undefined;
  for (;;) {
    const block = reader.u8();
    if (block === 0x21) {
      const isGraphicControl = reader.u8() === 0xf9;
      const data = reader.subBlocks();
      if (isGraphicControl && data.length >= 4) transparent = (data[0] as number) & 1 ? data[3] : undefined;
    } else if (block === 0x2c) {
      const [left, top, width, height] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
      const flags = reader.u8();
      const palette = readPalette(reader, flags) ?? globalPalette;
      const minimumCodeSize = reader.u8();
      const interlaced = (flags & 0x40) !== 0;
      const background = transparent ?? 0;
      const data = reader.subBlocks();
      return { left, top, width, height, interlaced, palette, background, minimumCodeSize, data };
    } else if (block === 0x3b) {
      throw new Refusal("the GIF has no frame");
    }
  }
}

function readPalette(reader: Reader, flags: number, skipTo?: number): Uint8Array | undefined {
  if (skipTo !== undefined) reader.position = skipTo;
  return flags & 0x80 ? reader.take(3 * 2 ** ((flags & 7) + 1)) : undefined;
}

/** 256 colours: those of the palette and black for the rest, or shades of gray without a palette. */
function fullPalette(palette: Uint8Array | undefined): Uint8Array {
  if (palette === undefined) return Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const colors = new Uint8Array(256 * 3);
  colors.set(palette);
  return colors;
}

function fill(data: Uint8Array, colors: Uint8Array, index: number): void {
  for (let i = 0; i < data.length; i++) data[i] = colors[index * 3 + (i % 3)] as number;
}

/** The rows of an interlaced frame in the order in which they are stored. */
function interlacedRows(height: number): number[] {
  const passes = [
    { first: 0, step: 8 },
    { first: 4, step: 8 },
    { first: 2, step: 4 },
    { first: 1, step: 2 },
  ];
  return passes.flatMap(({ first, step }) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step),
  );
}

class Reader {
  position = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8At(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw new Refusal("the GIF is truncated");
    return byte;
  }

  u16At(at: number): number {
    return this.u8At(at) | (this.u8At(at + 1) << 8);
  }

  u8(): number {
    return this.u8At(this.position++);
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  take(length: number): Uint8Array {
    if (this.position + length > this.#bytes.length) throw new Refusal("the GIF is truncated");
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  /** The bytes of a chain of sub-blocks, up to the empty one that ends it. */
  subBlocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let length = this.u8(); length > 0; length = this.u8()) parts.push(this.take(length));
    return Buffer.concat(parts);
  }
}
