import { describe, InstructBlipError } from "../errors/index.ts";
import { LlamaConfig } from "./llama-config.ts";
import { OPTConfig } from "./opt-config.ts";
import { T5Config } from "./t5-config.ts";

/** A language model's configuration. */
export type TextConfig = T5Config | LlamaConfig | OPTConfig;

const TEXT_CONFIGS = { t5: T5Config, llama: LlamaConfig, opt: OPTConfig };

/** The class for a `model_type`. @throws UNSUPPORTED naming those there are */
export function textConfigClass(modelType: unknown): (typeof TEXT_CONFIGS)[keyof typeof TEXT_CONFIGS] {
  if (typeof modelType === "string" && Object.hasOwn(TEXT_CONFIGS, modelType)) {
    return TEXT_CONFIGS[modelType as keyof typeof TEXT_CONFIGS];
  }
  throw new InstructBlipError(
    "UNSUPPORTED",
    `There is no language model ${typeof modelType === "string" ? `"${modelType}"` : describe(modelType)} here, only ${Object.keys(TEXT_CONFIGS).join(", ")}.`,
    { path: "textConfig.modelType" },
  );
}
