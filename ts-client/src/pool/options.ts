import { z } from "zod";
import type { DeploymentSpec } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { SchedulerPolicy } from "../scheduler/index.ts";
import { type Deployment, resolveDeployment } from "./deployment.ts";
import type { Launcher } from "./launcher/launcher.ts";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
import { DEFAULT_MODEL } from "./model-source.ts";
import { DEFAULT_LIVENESS, type LivenessOptions } from "./supervisor/liveness.ts";
import { DEFAULT_RESTART, type RestartOptions } from "./supervisor/restart-policy.ts";
import { wrongOption } from "./wrong-option.ts";

/** Options of {@link WorkerPool.start}; those of a deployment apply to `model`. */
export interface WorkerPoolOptions extends Omit<DeploymentSpec, "source" | "config" | "seed" | "modelId"> {
  /** What to serve: a bundled name, a folder, or a hub repository. @default "tiny-shapes-t5" */
  readonly model?: string | DeploymentSpec;
  /** Several deployments at once; takes the place of `model`. */
  readonly models?: readonly DeploymentSpec[];
  /**
   * When `start` resolves: with the first worker of every deployment, with all workers (it rejects when one of them
   * gives up), or at once.
   * @default "first"
   */
  readonly ready?: "first" | "all" | "none";
  /** The Python interpreter of the workers. @default the one `instructblip-workers setup` made */
  readonly python?: string;
  /** Build the Python environment if it is missing: takes minutes and needs the network. @default false */
  readonly setup?: boolean;
  /** Requests that may wait. @default 1024 */
  readonly maxQueue?: number;
  /** Bytes of prepared pictures that may wait. @unit bytes @default 268435456 */
  readonly maxQueueBytes?: number;
  /** When a dead worker is replaced. @default see {@link RestartOptions} */
  readonly restart?: Partial<RestartOptions>;
  /** How long a worker may be silent. @default see {@link LivenessOptions} */
  readonly liveness?: Partial<LivenessOptions>;
  /** Longest time from spawn to the worker's first word. @unit milliseconds @default 60000 */
  readonly helloTimeoutMs?: number;
  /** Longest time a load may stand still. @unit milliseconds @default 600000 */
  readonly loadTimeoutMs?: number;
  /** How much is logged. @default "warn", or the environment's `INSTRUCTBLIP_WORKERS_LOG` */
  readonly logLevel?: LogLevel;
  /** Where log lines go. @default stderr */
  readonly logger?: Logger;
}

/** The options with nothing left open. */
export interface ResolvedPoolOptions {
  readonly deployments: readonly Deployment[];
  readonly ready: "first" | "all" | "none";
  readonly python: string | undefined;
  readonly setup: boolean;
  readonly policy: Partial<SchedulerPolicy>;
  readonly restart: RestartOptions;
  readonly liveness: LivenessOptions;
  readonly helloTimeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly logger: Logger;
  readonly launcher: Launcher | undefined;
}

const milliseconds = z
  .number()
  .min(0)
  .max(2 ** 31);

const schema = z.strictObject({
  model: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  models: z.array(z.record(z.string(), z.unknown())).min(1).optional(),
  ready: z.enum(["first", "all", "none"]).default("first"),
  python: z.string().min(1).optional(),
  setup: z.boolean().default(false),
  maxQueue: z.int().min(1).optional(),
  maxQueueBytes: z.int().min(1).optional(),
  restart: z
    .strictObject({
      maxRestarts: z.int().min(0),
      windowMs: milliseconds,
      maxFailedStarts: z.int().min(1),
      minDelayMs: milliseconds,
      maxDelayMs: milliseconds,
      probeDelayMs: milliseconds,
      maxProbeDelayMs: milliseconds,
    })
    .partial()
    .optional(),
  liveness: z
    .strictObject({
      beatMs: milliseconds.min(10),
      deadAfter: z.int().min(1).max(100),
      stallMs: milliseconds,
      stallKillMs: milliseconds,
      progressMs: milliseconds,
    })
    .partial()
    .optional(),
  helloTimeoutMs: milliseconds.default(60_000),
  loadTimeoutMs: milliseconds.default(600_000),
  logLevel: z.enum(LOG_LEVELS).optional(),
});

/** Fields of a deployment that may stand beside `model`. */
const DEPLOYMENT_FIELDS = [
  "revision",
  "dtype",
  "quantization",
  "workers",
  "devices",
  "threads",
  "slots",
  "featureCacheBytes",
  "cacheDir",
  "offline",
  "token",
  "progressCallback",
] as const satisfies readonly (keyof DeploymentSpec)[];

/** Checks the options of a pool. @throws INVALID_ARGUMENT naming the field */
export function resolvePoolOptions(options: WorkerPoolOptions, launcher?: Launcher): ResolvedPoolOptions {
  const { logger, ...plain } = options;
  const shared: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(plain)) {
    if (value === undefined) continue;
    const isShared = (DEPLOYMENT_FIELDS as readonly string[]).includes(name);
    (isShared ? shared : rest)[name] = value;
  }
  const parsed = schema.safeParse(rest);
  if (!parsed.success) throw wrongOption(parsed.error, rest);
  const given = parsed.data;
  return {
    deployments: deploymentsOf(given.model, given.models, shared),
    ready: given.ready,
    python: given.python,
    setup: given.setup,
    policy: {
      ...(given.maxQueue === undefined ? {} : { maxQueueRequests: given.maxQueue }),
      ...(given.maxQueueBytes === undefined ? {} : { maxQueueBytes: given.maxQueueBytes }),
    },
    restart: { ...DEFAULT_RESTART, ...withoutUndefined(given.restart) },
    liveness: { ...DEFAULT_LIVENESS, ...withoutUndefined(given.liveness) },
    helloTimeoutMs: given.helloTimeoutMs,
    loadTimeoutMs: given.loadTimeoutMs,
    logger: createLogger(given.logLevel, logger),
    launcher,
  };
}

function deploymentsOf(
  model: string | Record<string, unknown> | undefined,
  models: readonly Record<string, unknown>[] | undefined,
  shared: Record<string, unknown>,
): Deployment[] {
  if (models === undefined) {
    // What stands beside `model` is named as it stands there.
    if (typeof model !== "object") {
      return [resolveDeployment({ ...shared, source: model ?? DEFAULT_MODEL } as DeploymentSpec, "")];
    }
    return [resolveDeployment({ ...shared, ...model } as unknown as DeploymentSpec, "model")];
  }
  if (model !== undefined) {
    throw new InstructBlipError("INVALID_ARGUMENT", "Give either `model` or `models`, not both.", {
      path: "models",
    });
  }
  const deployments = models.map((each, index) => {
    return resolveDeployment({ ...shared, ...each } as unknown as DeploymentSpec, `models.${index}`);
  });
  const ids = new Set<string>();
  for (const { modelId } of deployments) {
    if (ids.has(modelId)) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        `Two deployments are called "${modelId}". Give each its own \`modelId\`.`,
        { path: "models" },
      );
    }
    ids.add(modelId);
  }
  return deployments;
}

function withoutUndefined<T extends object>(
  value: T | undefined,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value ?? {}).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
