export { bundledCheckpoints } from "./checkpoint-folder.ts";
export type { ConfigJson, ConfigMethods } from "./config-class.ts";
export { defineConfig, type WorkersConfig } from "./define-config.ts";
export { InstructBlipConfig, type InstructBlipConfigFields } from "./instructblip-config.ts";
export { InstructBlipQFormerConfig } from "./qformer-config.ts";
export { LlamaConfig, OPTConfig, T5Config, type TextConfig } from "./text-config.ts";
export { InstructBlipVisionConfig } from "./vision-config.ts";
