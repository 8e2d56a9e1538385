import type { ImageProcessorConfig } from "./config.ts";

/** What a picture's numbers go through; all else in the config concerns its size. */
export type ValueConfig = Pick<
  ImageProcessorConfig,
  "doRescale" | "rescaleFactor" | "doNormalize" | "imageMean" | "imageStd"
>;

/**
 * Turns u8 [batch, height, width, 3] into float32 [batch, 3, height, width], bit-equal to transformers' PIL
 * processor: rescaled in float64 and cast to float32, then normalised in float32. A sample has 256 values, so
 * all results are looked up.
 */
export function pixelsToFloat32(
  pixels: Uint8Array,
  batch: number,
  area: number,
  config: ValueConfig,
): Float32Array {
  const values = new Float32Array(batch * 3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const table = channelTable(config, channel);
    for (let item = 0; item < batch; item++) {
      const to = (item * 3 + channel) * area;
      const from = item * area * 3 + channel;
      for (let i = 0; i < area; i++) values[to + i] = table[pixels[from + i * 3] as number] as number;
    }
  }
  return values;
}

function channelTable(config: ValueConfig, channel: number): Float32Array {
  const mean = Math.fround(config.imageMean[channel] as number);
  const std = Math.fround(config.imageStd[channel] as number);
  return Float32Array.from({ length: 256 }, (_, level) => {
    const rescaled = Math.fround(config.doRescale ? level * config.rescaleFactor : level);
    return config.doNormalize ? Math.fround(rescaled - mean) / std : rescaled;
  });
}
