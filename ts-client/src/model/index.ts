export type { Answer } from "./answer.ts";
export { type AnswerPiece, AnswerStream } from "./answer-stream.ts";
export type { AskRequest } from "./ask-request.ts";
export { type AskFailure, AskingEngine, type AskManyOptions } from "./asking-engine.ts";
export type { GenerateInputs } from "./generate-inputs.ts";
export type { GenerateOptions, WatermarkingConfig } from "./generate-options.ts";
export type { GenerateOutput } from "./generate-output.ts";
export {
  type FromPretrainedOptions,
  type GenerateCall,
  InstructBlipForConditionalGeneration,
} from "./instructblip-for-conditional-generation.ts";
