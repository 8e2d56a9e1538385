import type { DeploymentSpec } from "../../engine/index.ts";
import { invalidArgument } from "../../errors/index.ts";
import type { ClockKind } from "./simulated-clock.ts";
import type { SimulatedPool } from "./simulated-pool.ts";
import type { WorkerScript } from "./worker-script.ts";

/** Options of {@link SimulatedPool.start}. */
export interface SimulatedPoolOptions extends Pick<DeploymentSpec, "workers" | "slots"> {
  /** A bundled name or a folder: its processor is used, its weights are not read. @default "tiny-shapes-t5" */
  readonly model?: string | DeploymentSpec;
  /** What the workers do. @default every answer is "yes", after 20 ms */
  readonly script?: WorkerScript;
  /** How time passes. @default "virtual" */
  readonly clock?: ClockKind;
  /** Picks pauses between tries and what scripts draw. @default 1 */
  readonly seed?: number;
  /** Requests that may wait. @default 1024 */
  readonly maxQueue?: number;
  /** Bytes of prepared pictures that may wait. @unit bytes @default 268435456 */
  readonly maxQueueBytes?: number;
  /** Time from a worker's death until the next one is ready. @unit milliseconds @default 500 */
  readonly restartMs?: number;
  /** Time after which a worker that hangs is killed. @unit milliseconds @default 5000 */
  readonly hangMs?: number;
}

/** Checks the options of a pool. @throws INVALID_ARGUMENT naming the field */
export function checkOptions(options: SimulatedPoolOptions): void {
  const { script, seed, maxQueue, maxQueueBytes, restartMs, hangMs } = options;
  if (script !== undefined && typeof script !== "function")
    throw invalidArgument("script", "a function", script);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw invalidArgument("seed", "a whole number", seed);
  for (const [name, value] of Object.entries({ maxQueue, maxQueueBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
      throw invalidArgument(name, "a whole number from 1 up", value);
    }
  }
  if (restartMs !== undefined) checkDuration("restartMs", restartMs);
  if (hangMs !== undefined) checkDuration("hangMs", hangMs);
}

/** @throws INVALID_ARGUMENT naming the field */
export function checkDuration(name: string, value: number): void {
  if (!(value >= 0)) throw invalidArgument(name, "a duration in milliseconds, 0 or more", value);
}
