import { DEFAULT_IMAGE_CONFIG, pixelsToFloat32, type ValueConfig } from "../image/index.ts";
import { Tensor } from "../tensor/index.ts";

const VALUES = ["doRescale", "rescaleFactor", "doNormalize", "imageMean", "imageStd"] as const;

/**
 * Prepared pictures: float32 [batch, 3, height, width], bit-equal to what transformers' processor gives.
 *
 * The numbers are made when `data` is first looked at. Until then `pixels` may travel to a worker in their place, a
 * quarter of the bytes: the worker makes the same numbers from them.
 */
export class PixelValues extends Tensor<"float32"> {
  /** u8 [batch, height, width, 3]. */
  readonly pixels: Tensor<"uint8">;
  readonly #standsIn: () => boolean;

  constructor(pixels: Tensor<"uint8">, config: ValueConfig) {
    const [batch = 0, height = 0, width = 0] = pixels.shape;
    let seen = false;
    const values = () => {
      seen = true;
      return pixelsToFloat32(pixels.data, batch, height * width, config);
    };
    super("float32", [batch, 3, height, width], values);
    this.pixels = pixels;
    this.#standsIn = () => !seen && isUsual(config);
  }

  /** Whether `pixels` say all: not once somebody may have changed the numbers, nor with a normalisation of one's own. */
  get arePixelsEnough(): boolean {
    return this.#standsIn();
  }
}

/** Whether every published checkpoint's worker makes the same numbers. */
function isUsual(config: ValueConfig): boolean {
  return VALUES.every((name) => String(config[name]) === String(DEFAULT_IMAGE_CONFIG[name]));
}
