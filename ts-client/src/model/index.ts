export type { Answer } from "./answer.ts";
export { type AnswerPiece, AnswerStream } from "./answer-stream.ts";
export type { AskAllRequest, AskRequest } from "./ask-request.ts";
export { type AskFailure, AskingEngine, type AskManyOptions } from "./asking-engine.ts";
export type { FromConfigOptions, FromPretrainedOptions } from "./bind-model.ts";
export type { FeatureInputs } from "./forward/feature-pass.ts";
export type { ForwardInputs } from "./forward/model-pass.ts";
export type {
  AskOutputs,
  OutputName,
  OutputTuple,
  PassOptions,
  Picked,
  PickOutputs,
  TupleOutputs,
  UsualFeatures,
  UsualModelOutputs,
  UsualOutputs,
} from "./forward/output-types.ts";
export type { Pixels } from "./forward/pixels.ts";
export type { QFormerInputs } from "./forward/qformer-pass.ts";
export type { Embeddings, Ids, Mask } from "./forward/tensor-checks.ts";
export type {
  FeatureTensors,
  LanguageModelTensors,
  ModelTensors,
  OutputDType,
  QFormerTensors,
  VisionTensors,
} from "./forward/tensors.ts";
export type { VisionInputs } from "./forward/vision-pass.ts";
export type { GenerateCall } from "./generate.ts";
export type { GenerateInputs } from "./generate-inputs.ts";
export type { GenerateOptions, WatermarkingConfig } from "./generate-options.ts";
export type { GenerateOutput } from "./generate-output.ts";
export {
  type FeatureOutputName,
  InstructBlipForConditionalGeneration,
  type ModelOutputName,
} from "./instructblip-for-conditional-generation.ts";
export { InstructBlipQFormerModel, type QFormerOutputName } from "./instructblip-qformer-model.ts";
export { InstructBlipVisionModel, type VisionOutputName } from "./instructblip-vision-model.ts";
export { type Preset, presets } from "./presets.ts";
export type { Question } from "./question.ts";
export type { RankRequest, ScoreRequest } from "./rank-request.ts";
export type { Likelihood, RankedCandidate, Ranking, Score } from "./ranking.ts";
