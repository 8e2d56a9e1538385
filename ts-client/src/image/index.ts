export type { OptionalFormat } from "./admission.ts";
export { DEFAULT_IMAGE_CONFIG, type ImageProcessorConfig, type PictureSize } from "./config.ts";
export {
  BlipImageProcessor,
  type ImageProcessorOptions,
  type PrepareOptions,
} from "./image-processor.ts";
export type { DecodedImage, ImageInput } from "./input.ts";
export { IMAGE_LIMITS } from "./limits.ts";
export { loadImage } from "./load-image.ts";
export { pixelsToFloat32, type ValueConfig } from "./normalize.ts";
export { configureImageThreads, type ImageThreadOptions } from "./threads.ts";
