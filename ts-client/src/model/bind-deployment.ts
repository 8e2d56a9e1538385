import { resolve } from "node:path";
import { randomWeights } from "../config/random-weights.ts";
import type { DeploymentSpec, Engine, ModelInfo } from "../engine/index.ts";

/**
 * The deployment that already serves what is wanted, or else a new one.
 *
 * Settings that were left out match any. Settings of the machine (workers, devices, threads, …) do not
 * tell deployments apart; they hold for a new one only.
 */
export async function bindDeployment(
  engine: Pick<Engine, "models" | "load">,
  wanted: DeploymentSpec,
): Promise<ModelInfo> {
  const served = (await engine.models()).find((model) => serves(model, wanted));
  return served ?? engine.load(wanted);
}

function serves(
  model: ModelInfo,
  { modelId, source, config, seed, revision, dtype = "auto", quantization }: DeploymentSpec,
): boolean {
  const wanted = config === undefined ? source : randomWeights(config, seed).source;
  return (
    wanted !== undefined &&
    (model.source === wanted || resolve(model.source) === resolve(wanted)) &&
    (modelId === undefined || model.modelId === modelId) &&
    (revision === undefined || model.revision === revision) &&
    (dtype === "auto" || model.dtype === dtype) &&
    (quantization === undefined || model.quantization === quantization)
  );
}
