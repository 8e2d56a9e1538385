import { invalidArgument } from "../../errors/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { checkTensor, shown } from "./tensor-checks.ts";

/**
 * Pictures: float32 [pictures, 3, height, width], normalised. The processor's own also hold the 8-bit pixels, which are a
 * quarter as large and travel in their place.
 */
export type Pixels = Tensor<"float32"> & {
  readonly pixels?: Tensor<"uint8">;
  readonly arePixelsEnough?: boolean;
};

/** Sizes that a model takes. */
export interface PixelSizes {
  /** Side of the square that it was made for. @unit pixels */
  readonly imageSize: number;
  /** Whether pictures may have another size. */
  readonly interpolate: boolean;
}

/** What workers take where position embeddings are interpolated: a patch, of this size in published checkpoints, … */
const LEAST_SIDE = 14;
/** … and so many times the model's own side. */
const LARGEST = 4;

const FROM_PROCESSOR = "Make it with the processor: `await processor({ images, text })`.";
const OTHER_SIZES = "Set `interpolatePosEncoding: true` for pictures of another size.";

/**
 * What travels of pictures.
 *
 * @returns uint8 [pictures, height, width, 3], or float32 [pictures, 3, height, width]
 * @throws INVALID_ARGUMENT
 */
export function wirePixels(
  pixelValues: unknown,
  { imageSize, interpolate }: PixelSizes,
): Tensor<"uint8"> | Tensor<"float32"> {
  const values: Pixels = checkTensor(
    "pixelValues",
    pixelValues,
    ["float32"],
    ["pictures", 3, "height", "width"],
    FROM_PROCESSOR,
  );
  const [pictures = 0, , height = 0, width = 0] = values.shape;
  const [least, most] = interpolate ? [LEAST_SIDE, LARGEST * imageSize] : [imageSize, imageSize];
  if ([height, width].some((side) => side < least || side > most)) {
    const sizes = interpolate ? `with sides from ${least} to ${most}` : `of ${imageSize}×${imageSize}`;
    const remedy = interpolate ? undefined : OTHER_SIZES;
    throw invalidArgument("pixelValues", `pictures ${sizes}`, shown(values), remedy);
  }
  const { pixels, arePixelsEnough = false } = values;
  if (pixels !== undefined && arePixelsEnough) {
    return checkTensor("pixelValues.pixels", pixels, ["uint8"], [pictures, height, width, 3]);
  }
  if (!values.data.every(Number.isFinite)) {
    throw invalidArgument("pixelValues", "of finite numbers", "NaN or infinity");
  }
  return values;
}
