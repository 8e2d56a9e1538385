import { InstructBlipError } from "../errors/index.ts";
import { checkConfig } from "./config-schema.ts";
import type { WorkersConfig } from "./define-config.ts";

type Read = (text: string) => unknown;

const asText: Read = (text) => text;
const asNumber: Read = (text) => (text.trim() === "" ? Number.NaN : Number(text));
const asList: Read = (text) => text.split(",").map((item) => item.trim());
const asFlag: Read = (text) => {
  const value = { 1: true, true: true, 0: false, false: false }[text.toLowerCase()];
  return value ?? text;
};

/**
 * Options that a variable sets, each `INSTRUCTBLIP_WORKERS_` and this. The interpreter, the cache folder and
 * the log level have variables too, which hold everywhere and are read where they are used.
 */
const VARIABLES = {
  NAME: ["name", asText],
  ENDPOINT: ["endpoint", asText],
  MODEL: ["model", asText],
  REVISION: ["revision", asText],
  DTYPE: ["dtype", asText],
  QUANTIZATION: ["quantization", asText],
  WORKERS: ["workers", asNumber],
  DEVICES: ["devices", asList],
  THREADS: ["threads", asNumber],
  SLOTS: ["slots", asNumber],
  FEATURE_CACHE_BYTES: ["featureCacheBytes", asNumber],
  OFFLINE: ["offline", asFlag],
  MAX_QUEUE: ["maxQueue", asNumber],
  MAX_QUEUE_BYTES: ["maxQueueBytes", asNumber],
} as const satisfies Record<string, readonly [keyof WorkersConfig, Read]>;

const PREFIX = "INSTRUCTBLIP_WORKERS_";

/** The configuration that the environment's variables make. @throws CONFIG_INVALID naming the variable */
export function environmentConfig(environment: NodeJS.ProcessEnv): WorkersConfig {
  const config: Record<string, unknown> = {};
  for (const [suffix, [option, read]] of Object.entries(VARIABLES)) {
    const text = environment[PREFIX + suffix];
    if (text === undefined || text === "") continue;
    const value = read(text);
    try {
      checkConfig({ [option]: value }, "the environment");
    } catch (cause) {
      throw new InstructBlipError("CONFIG_INVALID", `\`${PREFIX}${suffix}\` is wrong: "${text}" was given.`, {
        cause,
        path: PREFIX + suffix,
      });
    }
    config[option] = value;
  }
  return config;
}
