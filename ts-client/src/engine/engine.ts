import type { DeploymentSpec, ModelInfo, ProcessorAssets } from "./deployment.ts";
import type { EngineEventName, EngineListener } from "./events.ts";
import type { CallOptions, Op, Request, Submission } from "./request.ts";
import type { PoolStats } from "./stats.ts";

/** What the façades and the command line stand on. */
export interface Engine extends AsyncDisposable {
  /** Admits or refuses a request at once; a refusal rejects the submission. */
  submit<K extends Op>(request: Request<K>, options?: CallOptions): Submission<K>;
  /** The deployments, with what their workers said of them. */
  models(): Promise<ModelInfo[]>;
  /** The processor's files of a deployment. */
  assets(modelId?: string): Promise<ProcessorAssets>;
  /** Adds a deployment and waits for its first worker. */
  load(deployment: DeploymentSpec): Promise<ModelInfo>;
  /** Lets a deployment's work end, then stops its workers. */
  unload(modelId: string): Promise<void>;
  /** Workers, queue and counters as they are now. */
  stats(): Promise<PoolStats>;
  /** Calls a listener with every event of a name, until what it returns is disposed of. */
  on<N extends EngineEventName>(event: N, listener: EngineListener<N>): Disposable;
  /** Takes no new work and resolves when the work in hand is settled. */
  drain(options?: DrainOptions): Promise<void>;
  /** Ends everything: drains for `graceMs`, then stops every worker. Safe to call twice. */
  close(options?: DrainOptions): Promise<void>;
}

/** How long an end may take. */
export interface DrainOptions {
  /** How long work in hand may take. @unit milliseconds @default 30000 for drain, 0 for close */
  readonly graceMs?: number;
}
