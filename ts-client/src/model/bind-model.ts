import type { ConfigConstructor, PretrainedConfig } from "../config/index.ts";
import type { DeploymentSpec, Engine, ModelConfig, ModelInfo } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { camelCase, nearMiss } from "../errors/near-miss.ts";
import { bindDeployment } from "./bind-deployment.ts";

/** Where a model runs, and how it is loaded if no deployment serves it yet. */
export interface FromPretrainedOptions extends Omit<DeploymentSpec, "source" | "config" | "seed"> {
  readonly pool: Engine;
}

/** Where a model of random weights runs, and how it is made if no deployment serves it yet. */
export interface FromConfigOptions
  extends Omit<DeploymentSpec, "source" | "config" | "revision" | "cacheDir" | "offline" | "token"> {
  readonly pool: Engine;
}

const CONFIG_SETTINGS = [
  "modelId",
  "seed",
  "dtype",
  "quantization",
  "workers",
  "devices",
  "threads",
  "slots",
  "featureCacheBytes",
  "progressCallback",
] as const satisfies (keyof FromConfigOptions)[];

const PRETRAINED_SETTINGS = [
  "modelId",
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
] as const satisfies (keyof FromPretrainedOptions)[];

/** A configuration's class, and what to give in place of another one. */
interface ConfigClass<C> extends ConfigConstructor<C> {
  readonly name: string;
  /** Gives a `C`, which its type cannot say of every class at once. */
  fromJSON(json: Record<string, unknown>): unknown;
}

/** A deployment as a model is its view. */
export class Binding<C extends PretrainedConfig> {
  readonly engine: Engine;
  readonly info: ModelInfo;
  readonly #readConfig: () => C;
  #config: C | undefined;

  private constructor(engine: Engine, info: ModelInfo, readConfig: () => C) {
    this.engine = engine;
    this.info = info;
    this.#readConfig = readConfig;
  }

  /** The model's configuration. @throws CONFIG_INVALID, UNSUPPORTED when it is not InstructBLIP's */
  get config(): C {
    this.#config ??= this.#readConfig();
    return this.#config;
  }

  /** The deployment that serves a checkpoint, which is loaded if there is none. */
  static async toPretrained<C extends PretrainedConfig>(
    Config: ConfigClass<C>,
    name: unknown,
    options: FromPretrainedOptions,
  ): Promise<Binding<C>> {
    if (typeof name !== "string" || name === "") {
      throw invalidArgument("name", "a bundled checkpoint's name, a folder or a hub repository", name);
    }
    const { pool, ...settings } = checked(options, PRETRAINED_SETTINGS);
    const info = await bindDeployment(pool, { ...settings, source: name });
    const { files } = await pool.assets(info.modelId);
    return new Binding(pool, info, () => readConfig(Config, files["config.json"], info.source));
  }

  /** The deployment that serves a configuration's random weights, which are made if there is none. */
  static async toConfig<C extends PretrainedConfig & ModelConfig>(
    Config: ConfigClass<C>,
    given: unknown,
    options: FromConfigOptions,
  ): Promise<Binding<C>> {
    const config = ofClass(Config, given);
    const { pool, ...settings } = checked(options, CONFIG_SETTINGS);
    const info = await bindDeployment(pool, { ...settings, config });
    return new Binding(pool, info, () => config);
  }

  /** The same deployment for one of its parts. */
  view<P extends PretrainedConfig>(part: (config: C) => P): Binding<P> {
    return new Binding(this.engine, this.info, () => part(this.config));
  }
}

/** What a constructor gets. @throws UNSUPPORTED when somebody else calls it */
export function asBinding<C extends PretrainedConfig>(
  binding: Binding<C>,
  { name }: { readonly name: string },
) {
  if (binding instanceof Binding) return binding;
  throw new InstructBlipError(
    "UNSUPPORTED",
    `\`new ${name}(…)\` cannot wait until a worker has the model. Use \`await ${name}.fromConfig(config, { pool })\` ` +
      `for random weights, and \`await ${name}.fromPretrained(name, { pool })\` for a checkpoint.`,
  );
}

function checked<O extends { readonly pool: Engine }>(options: O, settings: readonly string[]): O {
  const { pool, ...others } = options ?? {};
  if (typeof pool?.submit !== "function") {
    throw invalidArgument("pool", "a pool", pool, "Start one with `await WorkerPool.start({ ... })`.");
  }
  for (const setting of Object.keys(others)) {
    if (!settings.includes(setting)) throw unknownSetting(setting, settings);
  }
  return options;
}

function unknownSetting(name: string, settings: readonly string[]): InstructBlipError {
  const meant = nearMiss(camelCase(name), settings);
  const hint =
    meant === undefined ? `The settings are pool, ${settings.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no setting \`${name}\`. ${hint}`, {
    path: name,
  });
}

function ofClass<C>(Config: ConfigClass<C>, given: unknown): C {
  if (given instanceof Config) return given;
  const { modelType, model_type: type = modelType } = (given ?? {}) as Record<string, unknown>;
  if (type !== Config.spec.modelType) {
    const remedy =
      Config.spec.partOf === undefined ? undefined : "A whole model's configuration holds it as a part.";
    throw invalidArgument(
      "config",
      `an ${Config.name}, or its dictionary with \`model_type\``,
      given,
      remedy,
    );
  }
  // A class of another copy of this package has `toJSON`; a dictionary is one already.
  const { toJSON } = given as { toJSON?: () => Record<string, unknown> };
  return Config.fromJSON(toJSON === undefined ? (given as Record<string, unknown>) : toJSON.call(given)) as C;
}

function readConfig<C>(Config: ConfigClass<C>, file: Uint8Array | undefined, source: string): C {
  if (file === undefined) throw new InstructBlipError("UNSUPPORTED", `${source} has no config.json.`);
  const json = JSON.parse(Buffer.from(file).toString("utf8"));
  const { partOf } = Config.spec;
  return Config.fromJSON(partOf === undefined ? json : (json[partOf] ?? json)) as C;
}
