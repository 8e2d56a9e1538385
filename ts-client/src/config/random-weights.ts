import { createHash } from "node:crypto";
import { invalidArgument } from "../errors/index.ts";
import type { ConfigJson } from "./config-spec.ts";
import { InstructBlipConfig } from "./instructblip-config.ts";
import type { PretrainedConfig } from "./pretrained-config.ts";
import { InstructBlipQFormerConfig } from "./qformer-config.ts";
import { InstructBlipVisionConfig } from "./vision-config.ts";

/** A model that is made from a configuration, as workers are told. */
export interface RandomWeights {
  /** Which class is made. */
  readonly model: "instructblip" | "vision" | "qformer";
  /** JSON text of transformers' dictionary. */
  readonly config: string;
  readonly seed: number;
  /** Equal for equal configurations with the same seed: `config:instructblip:5b1f0c7e9a3d2244:seed=0`. */
  readonly source: string;
}

const KINDS = [
  { model: "instructblip", Class: InstructBlipConfig },
  { model: "vision", Class: InstructBlipVisionConfig },
  { model: "qformer", Class: InstructBlipQFormerConfig },
] as const;

/**
 * Checks a configuration of which a model is to be made.
 *
 * @param config - one of the three configuration classes, or transformers' dictionary with its `model_type`
 * @param seed - where random numbers start
 * @throws INVALID_ARGUMENT, CONFIG_INVALID, UNSUPPORTED naming the field
 */
export function randomWeights(config: unknown, seed = 0): RandomWeights {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw invalidArgument("seed", "a whole number, 0 or more", seed);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw invalidArgument("config", "a configuration or transformers' dictionary of one", config);
  }
  const { model, Class } = kindOf(config);
  const read = config instanceof Class ? config : Class.fromJSON(dictionaryOf(config));
  // Its keys are in order. Line breaks within strings are escaped: those that are left are the layout's.
  const text = read.toJSONString().replace(/\n\s*/g, "");
  const digest = createHash("sha256").update(text).digest("hex");
  return {
    model,
    config: text,
    seed,
    source: `config:${model}:${digest.slice(0, 16)}:seed=${seed}`,
  };
}

function kindOf(config: object): (typeof KINDS)[number] {
  const { modelType, model_type } = config as { modelType?: unknown; model_type?: unknown };
  const kind = KINDS.find(({ Class }) => Class.spec.modelType === (modelType ?? model_type));
  if (kind !== undefined) return kind;
  throw invalidArgument(
    "config",
    `a configuration whose model_type is ${KINDS.map(({ Class }) => Class.spec.modelType).join(", ")}`,
    modelType ?? model_type,
    "Use `new InstructBlipConfig(…)`, or a dictionary that names its `model_type`.",
  );
}

function dictionaryOf(config: object): ConfigJson {
  // A class of another copy of this package.
  return "toJSON" in config ? (config as PretrainedConfig).toJSON() : (config as ConfigJson);
}
