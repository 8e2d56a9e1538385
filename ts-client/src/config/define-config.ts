import type { WorkerPoolOptions } from "../pool/options.ts";

/** What `instructblip-workers start` serves, and how; a config file exports it. */
export interface WorkersConfig extends Omit<WorkerPoolOptions, "logger"> {
  /** What clients call the daemon. @default "default" */
  readonly name?: string;
  /** Where it listens: an `ipc://` path in a folder of mode 0700. @default a new socket in the runtime folder */
  readonly endpoint?: string;
}

/**
 * Gives a config file its types.
 *
 * @example
 * // instructblip-workers.config.ts
 * export default defineConfig({ model: "Salesforce/instructblip-flan-t5-xl", workers: 2, devices: ["cuda:0", "cuda:1"] });
 */
export function defineConfig(config: WorkersConfig): WorkersConfig {
  return config;
}
