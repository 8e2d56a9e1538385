export type { Outcome, SchedulerEffect } from "./effects.ts";
export type { SchedulerEvent } from "./events.ts";
export { DEFAULT_POLICY, type SchedulerPolicy } from "./policy.ts";
export type { AttemptFailure, NewRequest } from "./request.ts";
export { createState, type SchedulerCounts, type SchedulerState } from "./state.ts";
export { nextWake, step } from "./step.ts";
export { attemptKey } from "./worker.ts";
