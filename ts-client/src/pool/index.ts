export type { Logger, LogLevel } from "./logger.ts";
export { BUNDLED_MODELS, DEFAULT_MODEL } from "./model-source.ts";
export type { WorkerPoolOptions } from "./options.ts";
export type { LivenessOptions } from "./supervisor/liveness.ts";
export type { RestartOptions } from "./supervisor/restart-policy.ts";
export { WorkerPool } from "./worker-pool.ts";
