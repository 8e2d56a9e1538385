import type { InstructBlipVisionConfig } from "../../config/index.ts";
import { flag } from "./choose-outputs.ts";
import { VISION_OUTPUTS } from "./output-names.ts";
import { type Pixels, wirePixels } from "./pixels.ts";
import type { Pass } from "./run-pass.ts";

/** What the vision model takes. */
export interface VisionInputs {
  /** float32 [pictures, 3, height, width], normalised, as the processor makes it. */
  readonly pixelValues: Pixels;
  /** Whether pictures may have another size than the model's; its position embeddings are interpolated. @default false */
  readonly interpolatePosEncoding?: boolean | undefined;
}

/** Names of {@link VisionInputs}. */
export const VISION_FIELDS = [
  "pixelValues",
  "interpolatePosEncoding",
] as const satisfies (keyof VisionInputs)[];

/** Checks a pass through the vision model. @throws INVALID_ARGUMENT naming the field */
export function visionPass(
  fields: Readonly<Record<string, unknown>>,
  config: InstructBlipVisionConfig,
): Pass {
  const interpolate = flag("interpolatePosEncoding", fields.interpolatePosEncoding) ?? false;
  return {
    op: "visionForward",
    inputs: { pixel_values: wirePixels(fields.pixelValues, { imageSize: config.imageSize, interpolate }) },
    interpolate,
    names: VISION_OUTPUTS,
    needs: {},
    configOf: () => config,
  };
}
