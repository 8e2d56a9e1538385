export type { SimulatedPoolOptions } from "./pool/options.ts";
export type { ClockKind } from "./pool/simulated-clock.ts";
export { SimulatedPool } from "./pool/simulated-pool.ts";
export type { SimulatedFailure, SimulatedReply, SimulatedTry, WorkerScript } from "./pool/worker-script.ts";
