import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { cmykToRgb, gray16ToRgb, samplesToRgb } from "../../../ts-client/src/image/decode/color.ts";
import { decode } from "../../../ts-client/src/image/decode/decode.ts";
import { unpackLzw } from "../../../ts-client/src/image/decode/lzw.ts";
import type { ImageFormat } from "../../../ts-client/src/image/header.ts";
import { Refusal } from "../../../ts-client/src/image/refusal.ts";

/** Noise, so that no part of a file can be lost without a trace. */
function noise(width: number, height: number, channels: 3 | 4): Sharp {
  let state = 1;
  const data = Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >> 16;
  });
  return sharp(data, { raw: { width, height, channels } });
}

const FILES: Record<string, [ImageFormat, () => Promise<Buffer>]> = {
  "a JPEG": ["jpeg", () => noise(90, 70, 3).jpeg().toBuffer()],
  "a progressive JPEG": ["jpeg", () => noise(90, 70, 3).jpeg({ progressive: true }).toBuffer()],
  "a PNG": ["png", () => noise(90, 70, 4).png().toBuffer()],
  "an interlaced PNG": ["png", () => noise(90, 70, 3).png({ progressive: true }).toBuffer()],
  "a lossy WebP": ["webp", () => noise(90, 70, 3).webp().toBuffer()],
  "a lossless WebP": ["webp", () => noise(90, 70, 3).webp({ lossless: true }).toBuffer()],
  "a GIF": ["gif", () => noise(90, 70, 3).gif().toBuffer()],
  "a TIFF": ["tiff", () => noise(90, 70, 3).tiff().toBuffer()],
  "an AVIF": ["avif", () => noise(90, 70, 3).avif().toBuffer()],
};

describe.each(Object.entries(FILES))("%s", (_, [format, make]) => {
  it("is decoded to RGB samples", async () => {
    const image = await decode(await make(), format);
    expect(image).toMatchObject({ width: 90, height: 70 });
    expect(image.data.length).toBe(90 * 70 * 3);
  });

  it.each([0.3, 0.6, 0.9])("is refused when it ends after %d of its bytes", async (part) => {
    const file = await make();
    const truncated = file.subarray(0, Math.floor(file.length * part));
    await expect(decode(truncated, format)).rejects.toThrow(Refusal);
  });
});

describe("decode", () => {
  it("drops alpha without looking at it", async () => {
    const data = Uint8Array.from([200, 10, 90, 0, 1, 2, 3, 128]);
    const png = await sharp(data, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect([...(await decode(png, "png")).data]).toEqual([200, 10, 90, 1, 2, 3]);
  });

  it("does not turn a picture by its EXIF orientation", async () => {
    const jpeg = await noise(40, 20, 3).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decode(jpeg, "jpeg")).toMatchObject({ width: 40, height: 20 });
  });

  it("refuses a file whose contents belie its first bytes", async () => {
    const png = await noise(8, 8, 3).png().toBuffer();
    await expect(decode(png, "jpeg")).rejects.toThrow("begins as jpeg but holds png");
  });

  it("refuses a damaged checksum", async () => {
    const png = await noise(30, 30, 3).png().toBuffer();
    const middle = Math.floor(png.length / 2);
    png[middle] = (png[middle] ?? 0) ^ 0xff;
    await expect(decode(png, "png")).rejects.toThrow(Refusal);
  });
});

describe("a GIF", () => {
  /** 2×2, colours 0 1 / 1 0, written by hand: clear is 4, end is 5; the fourth code makes the codes 4 bits. */
  const gif = (options: { transparent?: number; frame?: number[]; palette?: number[] } = {}) => {
    const {
      transparent,
      frame = [0, 0, 2, 2],
      palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9],
    } = options;
    const u16 = (n: number) => [n & 255, n >> 8];
    const control = transparent === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, transparent, 0];
    const widths = [0, 3, 6, 9, 12, 16];
    const codes = [4, 0, 1, 1, 0, 5].reduce((bits, code, i) => bits | (code << (widths[i] ?? 0)), 0);
    const data = [0, 8, 16].map((shift) => (codes >> shift) & 255);
    return Uint8Array.from([
      ...Buffer.from("GIF89a"),
      ...[...u16(2), ...u16(2), 0x80 | 1, 0, 0, ...palette],
      ...control,
      ...[0x2c, ...frame.flatMap(u16), 0, 2, data.length, ...data, 0, 0x3b],
    ]);
  };
  const RED = [255, 0, 0];
  const GREEN = [0, 255, 0];
  const BLUE = [0, 0, 255];

  it("has its palette's colours", async () => {
    expect([...(await decode(gif(), "gif")).data]).toEqual([...RED, ...GREEN, ...GREEN, ...RED]);
  });

  it("keeps the colour of transparent pixels", async () => {
    const { data } = await decode(gif({ transparent: 1 }), "gif");
    expect([...data]).toEqual([...RED, ...GREEN, ...GREEN, ...RED]);
  });

  it("fills the screen around a smaller frame with the transparent colour, else the first", async () => {
    const frame = [1, 0, 2, 2];
    const filled = await decode(gif({ frame, transparent: 2 }), "gif");
    expect(filled).toMatchObject({ width: 3, height: 2 });
    expect([...filled.data.subarray(0, 9)]).toEqual([...BLUE, ...RED, ...GREEN]);
    expect([...(await decode(gif({ frame }), "gif")).data.subarray(0, 3)]).toEqual(RED);
  });

  it("is refused when a frame's size is over the limit", async () => {
    await expect(decode(gif({ frame: [0, 0, 65535, 65535] }), "gif")).rejects.toThrow("limit");
  });
});

describe("unpackLzw", () => {
  it.each([
    ["a code before the table has it", [0b11_000_100, 0b1], 2],
    ["an end before all pixels", [0b01_000_100, 0b1], 2],
    ["no more data", [0b000_100], 2],
    ["a code size that cannot be", [0, 0], 12],
  ])("gives up at %s", (_, data, codeSize) => {
    expect(unpackLzw(Uint8Array.from(data), codeSize, 4)).toBeUndefined();
  });
});

describe("colours", () => {
  it("of CMYK are Pillow's", () => {
    expect([...cmykToRgb(Uint8Array.of(73, 132, 157, 64, 0, 0, 0, 0, 255, 255, 255, 255))]).toEqual([
      136, 92, 73, 255, 255, 255, 0, 0, 0,
    ]);
  });

  it("of 16-bit gray are clipped, not scaled", () => {
    expect([...gray16ToRgb(Uint16Array.of(7, 255, 256, 65535))]).toEqual([
      7, 7, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ]);
  });

  it.each([
    [1, [5, 6], [5, 5, 5, 6, 6, 6]],
    [2, [5, 99, 6, 98], [5, 5, 5, 6, 6, 6]],
    [3, [1, 2, 3], [1, 2, 3]],
    [4, [1, 2, 3, 99], [1, 2, 3]],
  ])("of %d channels become three", (channels, samples, rgb) => {
    expect([...samplesToRgb(Uint8Array.from(samples), channels)]).toEqual(rgb);
  });
});
