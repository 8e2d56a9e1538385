export type { Violation } from "./invariants/invariant-checker.ts";
export { type SimulateOptions, type SimulationReport, simulate } from "./simulate.ts";
export { FAULTS, type FaultName } from "./world/faults.ts";
export type { SchedulerFunctions } from "./world/simulated-shell.ts";
