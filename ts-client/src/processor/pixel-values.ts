import { pixelsToFloat32, type ValueConfig } from "../image/index.ts";
import { Tensor } from "../tensor/index.ts";

/**
 * Prepared pictures: float32 [batch, 3, height, width], bit-equal to what transformers' processor gives.
 *
 * The numbers are made when `data` is first looked at. What travels to a worker is `pixels`, a quarter of the
 * bytes; the worker makes the same numbers from them.
 */
export class PixelValues extends Tensor<"float32"> {
  /** u8 [batch, height, width, 3]. */
  readonly pixels: Tensor<"uint8">;

  constructor(pixels: Tensor<"uint8">, config: ValueConfig) {
    const [batch = 0, height = 0, width = 0] = pixels.shape;
    const values = () => pixelsToFloat32(pixels.data, batch, height * width, config);
    super("float32", [batch, 3, height, width], values);
    this.pixels = pixels;
  }
}
