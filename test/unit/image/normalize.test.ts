import { describe, expect, it } from "vitest";
import { DEFAULT_IMAGE_CONFIG, pixelsToFloat32 } from "../../../ts-client/src/image/index.ts";

const pixels = Uint8Array.of(0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255);

describe("pixelsToFloat32", () => {
  it("puts channels first and rounds to float32 at each step", () => {
    const { imageMean, imageStd, rescaleFactor } = DEFAULT_IMAGE_CONFIG;
    const expected = [0, 1].flatMap((item) =>
      [0, 1, 2].flatMap((channel) =>
        [0, 1].map((pixel) => {
          const level = pixels[(item * 2 + pixel) * 3 + channel]!;
          const centred = Math.fround(Math.fround(level * rescaleFactor) - Math.fround(imageMean[channel]!));
          return Math.fround(centred / Math.fround(imageStd[channel]!));
        }),
      ),
    );
    expect([...pixelsToFloat32(pixels, 2, 2, DEFAULT_IMAGE_CONFIG)]).toEqual(expected);
  });

  it("leaves out what the configuration leaves out", () => {
    const plain = { ...DEFAULT_IMAGE_CONFIG, doRescale: false, doNormalize: false };
    expect([...pixelsToFloat32(pixels.subarray(0, 6), 1, 2, plain)]).toEqual([0, 3, 1, 4, 2, 5]);
    const scaled = { ...DEFAULT_IMAGE_CONFIG, doNormalize: false, rescaleFactor: 0.5 };
    expect([...pixelsToFloat32(pixels.subarray(0, 6), 1, 2, scaled)]).toEqual([0, 1.5, 0.5, 2, 1, 2.5]);
  });
});
