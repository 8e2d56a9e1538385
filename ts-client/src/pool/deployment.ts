import { availableParallelism } from "node:os";
import { z } from "zod";
import type { DeploymentSpec, LoadProgress } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { HEADER_SCHEMAS, type HeaderOf } from "../protocol/index.ts";
import { defaultId, type ModelSource, resolveSource, sameSource } from "./model-source.ts";
import { wrongOption } from "./wrong-option.ts";

const DEVICE = /^(auto|cpu|mps|cuda(:\d+)?)$/;

const specSchema = z.strictObject({
  modelId: z
    .string()
    .regex(/^[\w./-]{1,128}$/, "1 to 128 letters, digits, dots, dashes, underscores or slashes")
    .optional(),
  source: z.string().min(1).optional(),
  config: z.unknown().optional(),
  seed: z.int().min(0).optional(),
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
  progressCallback: z
    .custom<(progress: LoadProgress) => void>(
      (value) => typeof value === "function",
      "Invalid input: expected a function",
    )
    .optional(),
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
  /** Variables of its workers' environment, beside those that all have. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progressCallback: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Checks a deployment and fills in what was left out.
 *
 * @throws INVALID_ARGUMENT naming the field; MODEL_NOT_FOUND when the source is neither bundled, nor a folder,
 * nor a hub repository's name
 */
export function resolveDeployment(spec: DeploymentSpec, field = "model"): Deployment {
  const { token, ...shown } = spec;
  const parsed = specSchema.safeParse(shown);
  if (!parsed.success) throw wrongOption(parsed.error, spec, field);
  const given = parsed.data;
  const at = (name: string) => (field === "" ? name : `${field}.${name}`);
  const { source, name } = resolveSource(given, at);
  const onCpu = given.devices.every((device) => device === "cpu" || device === "auto");
  const threads =
    given.threads ?? (onCpu ? Math.max(1, Math.floor(availableParallelism() / given.workers)) : 0);
  const modelId = given.modelId ?? defaultId(name);
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
  const { revision, workers, devices, progressCallback } = given;
  const environment = hubEnvironment(token, at("token"));
  return { modelId, source: name, revision, workers, devices, load, environment, progressCallback };
}

/** Whether a deployment serves what a spec asks for, so that it need not be loaded again. */
export function serves(deployment: Deployment, wanted: Deployment): boolean {
  const { load } = deployment;
  return (
    sameSource(sourceOf(deployment), sourceOf(wanted)) &&
    load.dtype === wanted.load.dtype &&
    load.quantization === wanted.load.quantization
  );
}

/** The hub's token as huggingface_hub reads it. @throws INVALID_ARGUMENT, which does not show it */
function hubEnvironment(token: unknown, path: string): Record<string, string> {
  if (token === undefined) return {};
  if (typeof token === "string" && /^[\x21-\x7e]{1,512}$/.test(token)) return { HF_TOKEN: token };
  throw new InstructBlipError(
    "INVALID_ARGUMENT",
    `\`${path}\` must be the hub's token: letters, digits and signs without blanks. What was given is not shown.`,
    { path },
  );
}

function sourceOf({ source, load }: Deployment): ModelSource {
  return { source: load.source, name: source };
}
