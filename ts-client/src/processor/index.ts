export type { ProcessorAssets } from "../engine/index.ts";
export type { BatchFeature, TextFeature } from "./batch-feature.ts";
export type { ProcessorInputs, TextOptions } from "./call-options.ts";
export {
  type EncodedText,
  InstructBlipProcessor,
  type LoadProcessorOptions,
  type ProcessorCall,
} from "./instructblip-processor.ts";
export { PixelValues } from "./pixel-values.ts";
export type { SaveProcessorOptions } from "./save-processor.ts";
export { QFORMER_MAX_TOKENS } from "./text-inputs.ts";
