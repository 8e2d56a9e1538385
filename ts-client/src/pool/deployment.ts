import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { z } from "zod";
import type { DeploymentSpec } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { HEADER_SCHEMAS, type HeaderOf } from "../protocol/index.ts";
import { packageRoot } from "../python/package-root.ts";
import { wrongOption } from "./wrong-option.ts";

/** Checkpoints that come with the package. */
export const BUNDLED_MODELS = ["tiny-shapes-t5", "tiny-shapes-llama"] as const;
/** The one that is used when none is named. */
export const DEFAULT_MODEL: (typeof BUNDLED_MODELS)[number] = "tiny-shapes-t5";

const SCRIPTED_PREFIX = "scripted:";
const HUB_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const DEVICE = /^(auto|cpu|mps|cuda(:\d+)?)$/;

const specSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[\w./-]{1,128}$/, "1 to 128 letters, digits, dots, dashes, underscores or slashes")
    .optional(),
  source: z.string().min(1),
  revision: z.string().min(1).max(256).optional(),
  dtype: z.enum(["auto", "float32", "bfloat16", "float16"]).default("auto"),
  quantization: z.enum(["none", "int8", "nf4"]).default("none"),
  workers: z.int().min(1).max(256).default(1),
  devices: z.array(z.string().regex(DEVICE, "auto, cpu, cuda, cuda:N or mps")).min(1).default(["auto"]),
  threads: z.int().min(0).max(1024).optional(),
  slots: z.int().min(1).max(1024).optional(),
  featureCacheBytes: z
    .int()
    .min(0)
    .default(256 * 1024 * 1024),
  cacheDir: z.string().min(1).optional(),
  offline: z.boolean().default(false),
});

const LOAD = HEADER_SCHEMAS.LOAD.omit({ worker_epoch: true, device: true });

/** A deployment with nothing left open. */
export interface Deployment {
  readonly modelId: string;
  readonly source: string;
  readonly revision: string | undefined;
  readonly workers: number;
  /** The device of each worker in turn. */
  readonly devices: readonly string[];
  /** What its workers are told, but for the epoch and the device. */
  readonly load: Omit<HeaderOf<"LOAD">, "worker_epoch" | "device">;
}

/**
 * Checks a deployment and fills in what was left out.
 *
 * @throws INVALID_ARGUMENT naming the field; MODEL_NOT_FOUND when the source is neither bundled, nor a folder,
 * nor a hub repository's name
 */
export function resolveDeployment(spec: DeploymentSpec, field = "model"): Deployment {
  const parsed = specSchema.safeParse(spec);
  if (!parsed.success) throw wrongOption(parsed.error, spec, field);
  const given = parsed.data;
  const source = resolveSource(given);
  const onCpu = given.devices.every((device) => device === "cpu" || device === "auto");
  const threads =
    given.threads ?? (onCpu ? Math.max(1, Math.floor(availableParallelism() / given.workers)) : 0);
  const modelId = given.modelId ?? defaultId(given.source);
  const load = {
    model_id: modelId,
    source,
    dtype: given.dtype,
    quantization: given.quantization,
    threads,
    slots: given.slots ?? (onCpu ? 8 : 16),
    feature_cache_bytes: given.featureCacheBytes,
  };
  // A worker that cannot read its LOAD would wait for another one in vain.
  const readable = LOAD.safeParse(load);
  if (!readable.success) throw wrongOption(readable.error, load, field);
  const { source: name, revision, workers, devices } = given;
  return { modelId, source: name, revision, workers, devices, load };
}

/** Whether a deployment serves what a spec asks for, so that it need not be loaded again. */
export function serves(deployment: Deployment, wanted: Deployment): boolean {
  const { load } = deployment;
  return (
    JSON.stringify(load.source) === JSON.stringify(wanted.load.source) &&
    load.dtype === wanted.load.dtype &&
    load.quantization === wanted.load.quantization
  );
}

function resolveSource(spec: z.infer<typeof specSchema>): Deployment["load"]["source"] {
  const { source } = spec;
  if (source.startsWith(SCRIPTED_PREFIX)) {
    return { kind: "scripted", script: source.slice(SCRIPTED_PREFIX.length) };
  }
  if ((BUNDLED_MODELS as readonly string[]).includes(source)) {
    return { kind: "folder", path: path.join(packageRoot(), "models", source) };
  }
  const folder = path.resolve(source);
  if (existsSync(folder) && statSync(folder).isDirectory()) return { kind: "folder", path: folder };
  if (HUB_ID.test(source)) {
    return {
      kind: "hub",
      repo: source,
      offline: spec.offline,
      ...(spec.revision === undefined ? {} : { revision: spec.revision }),
      ...(spec.cacheDir === undefined ? {} : { cache_dir: path.resolve(spec.cacheDir) }),
    };
  }
  throw new InstructBlipError(
    "MODEL_NOT_FOUND",
    `There is no model "${source}": it is not bundled (${BUNDLED_MODELS.join(", ")}), ` +
      "not a folder, and not a hub repository such as Salesforce/instructblip-vicuna-7b.",
    { path: "source" },
  );
}

/** The last part of a path or repository name. */
function defaultId(source: string): string {
  if (source.startsWith(SCRIPTED_PREFIX)) return "scripted";
  const name = path.basename(path.resolve(source)).replace(/[^\w.-]/g, "-");
  if (name === "" || name.length > 128)
    throw invalidArgument("modelId", "given where the source has no short name", source);
  return name;
}
