export type {
  DeploymentSpec,
  ModelConfig,
  ModelInfo,
  Precision,
  ProcessorAssets,
  Quantization,
} from "./deployment.ts";
export type { DrainOptions, Engine } from "./engine.ts";
export type { EngineEventName, EngineEvents, EngineListener } from "./events.ts";
export { onAbort } from "./on-abort.ts";
export { PendingSubmission, STREAM_CREDIT } from "./pending-submission.ts";
export type {
  CallOptions,
  FailedAttempt,
  FinishReason,
  GenerateChunk,
  GenerateResult,
  Op,
  Operations,
  PreparedImage,
  PreparedInputs,
  Request,
  ResultFacts,
  Submission,
  WireGenerateOptions,
} from "./request.ts";
export type { PoolStats, WorkerState, WorkerStats } from "./stats.ts";
