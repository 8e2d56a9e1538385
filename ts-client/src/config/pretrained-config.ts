import { type CheckpointOptions, type CheckpointSource, writeFolder } from "../checkpoint/index.ts";
import { COMMON_DEFAULTS, type ConfigJson, type ConfigSpec, snakeCase } from "./config-spec.ts";
import { asFraction, jsonString } from "./json-string.ts";
import { readConfigFile, takePart } from "./read-config.ts";
import { fromDictionary, readFields } from "./read-fields.ts";
import { decodeSpecialFloats, encodeSpecialFloats } from "./special-floats.ts";

/**
 * Fields that a configuration of the class `T` is made from: all may be left out. Keys that no field has are
 * kept in `extra`; put them there, or write them in snake_case beside the fields.
 */
export type ConfigFields<T> = {
  readonly [K in keyof T as T[K] extends (...args: never) => unknown ? never : K]?: T[K] | undefined;
} & { readonly [key: `${string}_${string}`]: unknown };

/** A class of configurations. */
export interface ConfigConstructor<C> {
  new (fields?: never): C;
  /** @internal */
  readonly spec: ConfigSpec;
}

/** What all configurations have in common. They do not change; make another from `{ ...config, field: value }`. */
export abstract class PretrainedConfig {
  /** @internal */
  static readonly spec: ConfigSpec;

  /** transformers' `model_type`. */
  declare readonly modelType: string;
  /** Keys that no field has, as they came. */
  declare readonly extra: Readonly<ConfigJson>;
  /** Whether models return the hidden states of every layer when a call does not say. @default false */
  declare readonly outputHiddenStates: boolean;
  /** Whether models return the attentions of every layer when a call does not say. @default false */
  declare readonly outputAttentions: boolean;
  /** Whether models return objects with named fields; otherwise tuples. @default true */
  declare readonly returnDict: boolean;
  /** What the weights were saved in: `float32`, `float16` or `bfloat16`; `torch_dtype` in older files. @default null */
  declare readonly dtype: string | null;
  /** Classes of transformers that can load the checkpoint. @default null */
  declare readonly architectures: readonly string[] | null;

  /** @throws CONFIG_INVALID naming the field */
  constructor(fields: object = {}) {
    const { spec } = new.target;
    const { values, extra } = readFields(spec, fields);
    Object.assign(this, values);
    // Not enumerable: a configuration compares and prints by its fields.
    Object.defineProperty(this, "modelType", { value: spec.modelType });
    Object.defineProperty(this, "extra", { value: extra });
  }

  /**
   * Reads transformers' dictionary, in snake_case, as it stands in a `config.json`.
   *
   * @throws CONFIG_INVALID naming the field
   */
  static fromJSON<T extends ConfigConstructor<PretrainedConfig>>(this: T, json: ConfigJson): InstanceType<T> {
    // biome-ignore lint/complexity/noThisInStatic: it is the class that this is called on
    return fromTransformers(this, decodeSpecialFloats(json));
  }

  /**
   * Reads a checkpoint's configuration. From a whole model's, the class of a part takes its part.
   *
   * @param source - a bundled name, a checkpoint's folder or a `config.json`; with `options.pool` the name of a
   *   model that the pool serves; or a pool
   * @example
   * const config = await InstructBlipConfig.fromPretrained("tiny-shapes-t5");
   * const vision = await InstructBlipVisionConfig.fromPretrained("tiny-shapes-t5", { pool });
   * console.log(config.numQueryTokens, vision.imageSize); // 8 224
   * @throws MODEL_NOT_FOUND when there is none; CONFIG_INVALID when it is of another model, or wrong
   */
  static async fromPretrained<T extends ConfigConstructor<PretrainedConfig>>(
    this: T,
    source: CheckpointSource,
    options: CheckpointOptions = {},
  ): Promise<InstanceType<T>> {
    // biome-ignore lint/complexity/noThisInStatic: it is the class that this is called on
    return fromFile(this, source, options);
  }

  /** Writes `config.json` into a folder, which is made when it is missing; transformers reads it. */
  async savePretrained(folder: string): Promise<void> {
    await writeFolder(folder, { "config.json": this.toJSONString() });
  }

  /** The dictionary that transformers' `to_dict` gives. */
  toJSON(): ConfigJson {
    return this.#dictionary({ whole: true });
  }

  /** The text of a `config.json`: without what every configuration has by default. */
  toJSONString(): string {
    return jsonString(this.#dictionary({ whole: false }));
  }

  /** @param how - `whole` as `to_dict`, otherwise as a file: without common defaults, fractions marked */
  #dictionary(how: { readonly whole: boolean }): ConfigJson {
    const { fractions } = (this.constructor as typeof PretrainedConfig).spec;
    const write = (name: string, value: unknown): unknown => {
      if (value instanceof PretrainedConfig) return value.#dictionary(how);
      if (!how.whole && fractions.has(name)) return asFraction(value);
      if (!isDictionary(value)) return encodeSpecialFloats(value);
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, write(key, item)]));
    };
    const fields = Object.entries(this).filter(([name, value]) => {
      return how.whole || !Object.hasOwn(COMMON_DEFAULTS, name) || COMMON_DEFAULTS[name] !== value;
    });
    return {
      ...(encodeSpecialFloats(this.extra) as ConfigJson),
      ...Object.fromEntries(fields.map(([name, value]) => [snakeCase(name), write(name, value)])),
      model_type: this.modelType,
    };
  }
}

function fromTransformers<T extends ConfigConstructor<PretrainedConfig>>(Class: T, json: unknown) {
  return new Class(fromDictionary(Class.spec, json) as never) as InstanceType<T>;
}

async function fromFile<T extends ConfigConstructor<PretrainedConfig>>(
  Class: T,
  source: CheckpointSource,
  options: CheckpointOptions,
) {
  return fromTransformers(Class, takePart(Class.spec, await readConfigFile(source, options)));
}

function isDictionary(value: unknown): value is ConfigJson {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
