export { creditOf, STREAM_CREDIT } from "./credit.ts";
export type {
  DeploymentSpec,
  LoadProgress,
  ModelConfig,
  ModelInfo,
  Precision,
  ProcessorAssets,
  Quantization,
} from "./deployment.ts";
export type { DrainOptions, Engine } from "./engine.ts";
export type { EngineEventName, EngineEvents, EngineListener } from "./events.ts";
export { onAbort } from "./on-abort.ts";
export { PendingSubmission } from "./pending-submission.ts";
export type {
  AnyInputs,
  AnyRequest,
  AnyResult,
  CallOptions,
  FailedAttempt,
  FinishReason,
  GenerateChunk,
  GenerateResult,
  Op,
  Operations,
  PreparedImage,
  PreparedInputs,
  RankInputs,
  Request,
  ResultFacts,
  Submission,
  TensorInputs,
  TensorResult,
  WireForwardOptions,
  WireGenerateOptions,
} from "./request.ts";
export type { PoolStats, WorkerState, WorkerStats } from "./stats.ts";
