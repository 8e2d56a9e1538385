export {
  type AssetsSource,
  bundledCheckpoints,
  type CheckpointOptions,
  type CheckpointSource,
} from "./checkpoint/index.ts";
export * from "./client/index.ts";
export * from "./config/index.ts";
export type {
  CallOptions,
  DeploymentSpec,
  DrainOptions,
  Engine,
  EngineEventName,
  EngineEvents,
  EngineListener,
  FailedAttempt,
  FinishReason,
  GenerateChunk,
  GenerateResult,
  LoadProgress,
  ModelConfig,
  ModelInfo,
  Op,
  Operations,
  PoolStats,
  Precision,
  PreparedImage,
  PreparedInputs,
  ProcessorAssets,
  Quantization,
  RankInputs,
  Request,
  ResultFacts,
  Submission,
  TensorInputs,
  TensorResult,
  WireForwardOptions,
  WireGenerateOptions,
  WorkerState,
  WorkerStats,
} from "./engine/index.ts";
export {
  type AttemptRecord,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  InstructBlipError,
  isErrorCode,
} from "./errors/index.ts";
export { type Served, type ServeOptions, servePool } from "./front/index.ts";
export * from "./image/index.ts";
export * from "./model/index.ts";
export * from "./pool/index.ts";
export * from "./processor/index.ts";
export * from "./simulation/index.ts";
export { type DType, type NestedArray, Tensor, type TensorValue, type TypedArrayOf } from "./tensor/index.ts";
export * from "./tokenizer/index.ts";
