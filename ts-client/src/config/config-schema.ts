import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import type { WorkersConfig } from "./define-config.ts";

const text = z.string().min(1);
const positive = z.int().min(1);
const options = z.record(z.string(), z.unknown());

/**
 * The shape of a configuration. The pool checks the values once more, against each other and with their
 * limits; this names the file or variable they came from.
 */
const FIELDS = {
  name: text,
  endpoint: text,
  model: z.union([text, options]),
  models: z.array(options).min(1),
  revision: text,
  dtype: z.enum(["auto", "float32", "bfloat16", "float16"]),
  quantization: z.enum(["none", "int8", "nf4"]),
  workers: positive,
  devices: z.array(text).min(1),
  threads: z.int().min(0),
  slots: positive,
  featureCacheBytes: z.int().min(0),
  cacheDir: text,
  offline: z.boolean(),
  token: text,
  progressCallback: z.custom<object>((value) => typeof value === "function", "expected a function"),
  ready: z.enum(["first", "all", "none"]),
  python: text,
  setup: z.boolean(),
  maxQueue: positive,
  maxQueueBytes: positive,
  restart: options,
  liveness: options,
  helloTimeoutMs: z.number().min(0),
  loadTimeoutMs: z.number().min(0),
  logLevel: z.enum(["off", "error", "warn", "info", "debug"]),
} as const satisfies { readonly [K in keyof WorkersConfig]-?: z.ZodType };

const schema = z.strictObject(FIELDS).partial();

/**
 * Checks a configuration.
 *
 * @param from - the file it came from, or `the environment`
 * @throws CONFIG_INVALID naming the field
 */
export function checkConfig(value: unknown, from: string): WorkersConfig {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as object;
  const issue = parsed.error.issues[0];
  const path =
    issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : (issue?.path.map(String).join(".") ?? "");
  const what =
    issue?.code === "unrecognized_keys"
      ? `has no option \`${path}\`; there are ${Object.keys(FIELDS).join(", ")}`
      : `is wrong${path === "" ? "" : ` in \`${path}\``}: ${issue?.message ?? "unknown reason"}`;
  throw new InstructBlipError("CONFIG_INVALID", `The configuration of ${from} ${what}.`, { path });
}
