import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILTERS } from "../../../ts-client/src/image/resample/filters.ts";
import { resize } from "../../../ts-client/src/image/resample/resize.ts";
import type { RgbImage } from "../../../ts-client/src/image/rgb-image.ts";

const bicubic = FILTERS.get(3)!;

/** A resize written as the definition reads: both passes over whole images, coefficients in full. */
function plainResize(source: RgbImage, width: number, height: number): RgbImage {
  const across = (image: RgbImage) => (image.width === width ? image : onePass(image, width));
  const down = (image: RgbImage) =>
    image.height === height ? image : transpose(onePass(transpose(image), height));
  const verticalFirst = source.height > height && source.height - height > (source.width - width) * 2;
  return verticalFirst ? across(down(source)) : down(across(source));
}

function onePass(image: RgbImage, width: number): RgbImage {
  const scale = image.width / width;
  const stretch = Math.max(scale, 1);
  const data = new Uint8Array(width * image.height * 3);
  for (let x = 0; x < width; x++) {
    const center = (x + 0.5) * scale;
    const from = Math.max(Math.trunc(center - 2 * stretch + 0.5), 0);
    const to = Math.min(Math.trunc(center + 2 * stretch + 0.5), image.width);
    const weights = Array.from({ length: to - from }, (_, i) =>
      bicubic.weight((i + from - center + 0.5) * (1 / stretch)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const fixed = weights.map((weight) => {
      const scaled = (weight / sum) * 2 ** 22;
      return BigInt(Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5)));
    });
    for (let y = 0; y < image.height; y++) {
      for (let c = 0; c < 3; c++) {
        const at = (i: number) => BigInt(image.data[(y * image.width + from + i) * 3 + c]!);
        const total = fixed.reduce((acc, weight, i) => acc + weight * at(i), 1n << 21n);
        data[(y * width + x) * 3 + c] = Math.min(255, Math.max(0, Number(total >> 22n)));
      }
    }
  }
  return { data, width, height: image.height };
}

function transpose({ data, width, height }: RgbImage): RgbImage {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      turned.set(data.subarray((y * width + x) * 3, (y * width + x + 1) * 3), (x * height + y) * 3);
    }
  }
  return { data: turned, width: height, height: width };
}

const side = fc.integer({ min: 1, max: 40 });
const image = fc
  .tuple(side, side, fc.infiniteStream(fc.integer({ min: 0, max: 255 })))
  .map(([width, height, samples]): RgbImage => {
    const data = Uint8Array.from(samples.take(width * height * 3));
    return { data, width, height };
  });

describe("resize", () => {
  it("gives what the two passes give when each is done on a whole picture", () => {
    fc.assert(
      fc.property(image, side, side, (source, width, height) => {
        expect(resize(source, width, height, bicubic)).toEqual(plainResize(source, width, height));
      }),
      { numRuns: 150 },
    );
  });

  it("keeps the samples of a picture that has the size already", () => {
    const source = { data: Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i * 7), width: 4, height: 3 };
    expect(resize(source, 4, 3, bicubic)).toEqual(source);
  });

  it("keeps a flat colour flat, with every filter", () => {
    const data = Uint8Array.from({ length: 37 * 21 * 3 }, (_, i) => [10, 128, 255][i % 3]!);
    for (const filter of FILTERS.values()) {
      const { data: resized } = resize({ data, width: 37, height: 21 }, 9, 50, filter);
      expect(resized.every((value, i) => value === data[i % 3])).toBe(true);
    }
  });

  it("resizes a very long row in blocks of columns", () => {
    const width = 300_000;
    const data = Uint8Array.from({ length: width * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
    const source = { data, width, height: 1 };
    expect(resize(source, 3, 1, bicubic)).toEqual(plainResize(source, 3, 1));
  });
});
