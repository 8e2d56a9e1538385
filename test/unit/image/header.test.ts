import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { admit, sizeProblem } from "../../../ts-client/src/image/admission.ts";
import { readHeader } from "../../../ts-client/src/image/header.ts";
import { Refusal } from "../../../ts-client/src/image/refusal.ts";

const picture = () => sharp({ create: { width: 37, height: 21, channels: 4, background: "#3579" } });
const bytes = (text: string) => Uint8Array.from(text.padEnd(64, "\0"), (char) => char.charCodeAt(0));

describe("readHeader", () => {
  const size = { width: 37, height: 21 };

  it.each([
    ["JPEG", "jpeg", () => picture().jpeg(), { format: "jpeg", size, progressive: false }],
    [
      "a progressive JPEG",
      "jpeg",
      () => picture().jpeg({ progressive: true }),
      { format: "jpeg", size, progressive: true },
    ],
    [
      "JPEG with metadata",
      "jpeg",
      () =>
        picture()
          .jpeg()
          .withExif({ IFD0: { Artist: "me" } }),
      { format: "jpeg", size, progressive: false },
    ],
    ["PNG", "png", () => picture().png(), { format: "png", size }],
    ["GIF", "gif", () => picture().gif(), { format: "gif", size }],
    ["lossy WebP", "webp", () => picture().removeAlpha().webp(), { format: "webp", size }],
    [
      "lossless WebP",
      "webp",
      () => picture().removeAlpha().webp({ lossless: true }),
      { format: "webp", size },
    ],
    ["WebP with alpha", "webp", () => picture().webp(), { format: "webp", size }],
    ["AVIF", "avif", () => picture().avif(), { format: "avif" }],
    ["TIFF", "tiff", () => picture().tiff(), { format: "tiff" }],
  ])("reads format and size of %s", async (_, __, make, expected) => {
    expect(readHeader(await make().toBuffer())).toEqual(expected);
  });

  it.each([
    ["nothing", new Uint8Array(), "no bytes"],
    ["an SVG", bytes('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), "SVG"],
    ["an SVG after white space", bytes("\n\n  <svg>"), "SVG"],
    ["a PDF", bytes("%PDF-1.7"), "PDF"],
    ["a BMP", bytes("BM6"), "BMP"],
    ["a HEIC", bytes("\0\0\0\x18ftypheic"), "HEIF"],
    ["a video", bytes("\0\0\0\x18ftypisom"), "HEIF picture or a video"],
    ["text", bytes("just text"), "no known picture"],
    ["a JPEG cut off in its header", bytes("\xff\xd8\xff\xe0\x00\x10JFIF").subarray(0, 12), "truncated"],
    ["a JPEG with damaged markers", bytes("\xff\xd8\xff\xe0\x00\x04ab????????????"), "damaged"],
    ["a PNG cut off in its header", bytes("\x89PNG\r\n\x1a\n").subarray(0, 20), "truncated"],
    ["a GIF cut off in its header", bytes("GIF89a").subarray(0, 9), "truncated"],
    ["a WebP without a picture", bytes("RIFF\0\0\0\0WEBPXMP "), "no picture"],
  ])("refuses %s", (_, data, reason) => {
    const header = readHeader(data);
    expect("reason" in header && header.reason).toContain(reason);
  });

  it("skips fill bytes between a JPEG's segments", async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const filled = Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xff]), jpeg.subarray(2)]);
    expect(readHeader(filled)).toMatchObject({ format: "jpeg", size });
  });
});

describe("admit", () => {
  it("takes AVIF and TIFF only when they are enabled", async () => {
    const avif = await picture().avif().toBuffer();
    expect(() => admit(avif, [])).toThrow('add "avif" to `imageFormats`');
    expect(admit(avif, ["avif"])).toEqual({ format: "avif" });
  });

  it("refuses more than 32 MiB before it looks at them", () => {
    expect(() => admit(new Uint8Array(32 * 1024 * 1024 + 1), [])).toThrow(
      "33554433 bytes; the limit is 33554432",
    );
  });

  it("refuses a size over the limit by the header alone", async () => {
    const png = await picture().png().toBuffer();
    png.writeUInt32BE(8001, 16);
    png.writeUInt32BE(8000, 20);
    expect(() => admit(png, [])).toThrow(Refusal);
    expect(() => admit(png, [])).toThrow("8001×8000 pixels; the limit is 64000000 pixels");
  });
});

describe("sizeProblem", () => {
  it.each([
    [1, 1, false, undefined],
    [8000, 8000, false, undefined],
    [64_000_000, 1, false, undefined],
    [8000, 8001, false, "64000000"],
    [4000, 4000, true, undefined],
    [4000, 4001, true, "progressive JPEG"],
    [0, 5, false, "0×5"],
  ])("of %d×%d, progressive %s", (width, height, progressive, problem) => {
    const found = sizeProblem(width, height, progressive);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });
});
