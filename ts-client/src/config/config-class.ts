import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import { jsonString } from "./json-string.ts";

/** A dictionary as it stands in a `config.json`. */
export type ConfigJson = Record<string, unknown>;

/** What every configuration has beside its own fields. */
export interface ConfigMethods {
  /** transformers' `model_type`. */
  readonly modelType: string;
  /** Keys this package knows nothing of, as they came. */
  readonly extra: Readonly<ConfigJson>;
  /** The dictionary transformers reads and writes, in snake_case. */
  toJSON(): ConfigJson;
  /** The text of a `config.json`. */
  toJSONString(): string;
}

/** A configuration class: construct it from camelCase fields, or read transformers' own dictionary. */
export interface ConfigClass<S extends z.ZodRawShape> {
  /** @throws CONFIG_INVALID naming the field */
  new (fields?: z.input<z.ZodObject<S>>): Readonly<z.output<z.ZodObject<S>>> & ConfigMethods;
  readonly modelType: string;
  /** Keys of the dictionary that hold fractions. */
  readonly fractions: readonly string[];
  /** @throws CONFIG_INVALID naming the field */
  fromJSON(json: ConfigJson): Readonly<z.output<z.ZodObject<S>>> & ConfigMethods;
}

/**
 * Makes the class of one kind of configuration.
 *
 * @param modelType - transformers' `model_type`
 * @param shape - its fields in camelCase, each with its default
 * @param derive - fields that follow from others, once all have their values
 */
export function configClass<S extends z.ZodRawShape>(
  modelType: string,
  shape: S,
  derive: (fields: z.output<z.ZodObject<S>>) => Partial<z.output<z.ZodObject<S>>> = () => ({}),
): ConfigClass<S> {
  const schema = z.object(shape);
  const names = Object.keys(shape);

  class Config implements ConfigMethods {
    static readonly modelType = modelType;
    static readonly fractions = fractionKeys(schema);
    declare readonly modelType: string;
    declare readonly extra: Readonly<ConfigJson>;

    constructor(fields: object = {}) {
      const { known, extra } = splitFields(fields, names);
      const values = parseConfig(schema, known, modelType);
      Object.assign(this, values, derive(values));
      // Not enumerable: a configuration compares and prints by its fields.
      Object.defineProperty(this, "modelType", { value: modelType });
      Object.defineProperty(this, "extra", { value: extra });
    }

    static fromJSON(json: ConfigJson): Config {
      const { known, rest } = fromSnakeCase(json, names);
      return new Config({ ...rest, ...known });
    }

    toJSON(): ConfigJson {
      return { ...this.extra, model_type: modelType, ...toSnakeCase(this) };
    }

    toJSONString(): string {
      return jsonString(this, Config.fractions);
    }
  }
  return Config as unknown as ConfigClass<S>;
}

/** The values of `fields`, checked against a schema. @throws CONFIG_INVALID naming the first wrong field */
export function parseConfig<T extends z.ZodType>(schema: T, fields: unknown, of: string): z.output<T> {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  const where = path === "" ? `The ${of} configuration` : `\`${path}\` of the ${of} configuration`;
  throw new InstructBlipError("CONFIG_INVALID", `${where} is wrong: ${issue?.message ?? "unknown reason"}.`, {
    path,
  });
}

/** The keys, in snake_case, whose values may be fractions. */
export function fractionKeys(schema: z.ZodObject): string[] {
  const names = Object.keys(schema.shape);
  return names.filter((name) => schema.shape[name]?.safeParse(0.5).success === true).map(snakeCase);
}

/** transformers' dictionary as camelCase fields that a class knows, and the rest as it came. */
export function fromSnakeCase(
  json: ConfigJson,
  names: readonly string[],
): { known: ConfigJson; rest: ConfigJson } {
  const known: ConfigJson = {};
  const rest: ConfigJson = {};
  const bySnake = new Map(names.map((name) => [snakeCase(name), name]));
  for (const [key, value] of Object.entries(json)) {
    if (key === "model_type") continue;
    const name = bySnake.get(key);
    if (name === undefined) rest[key] = value;
    else known[name] = value;
  }
  return { known, rest };
}

/** Fields by snake_case names; configurations within become dictionaries. */
export function toSnakeCase(fields: object): ConfigJson {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCase(name), value]));
}

/** A class's own fields apart from keys it does not know, which are kept. */
export function splitFields(
  fields: object,
  names: readonly string[],
): { known: ConfigJson; extra: ConfigJson } {
  const known: ConfigJson = {};
  const extra: ConfigJson = {};
  const snakeNames = new Map(names.map((name) => [snakeCase(name), name]));
  for (const [key, value] of Object.entries(fields)) {
    const camel = snakeNames.get(key);
    if (camel !== undefined && camel !== key) {
      throw new InstructBlipError(
        "CONFIG_INVALID",
        `Write \`${camel}\` instead of \`${key}\`, or use \`fromJSON\` for a dictionary of transformers.`,
        { path: key },
      );
    }
    if (names.includes(key)) known[key] = value;
    else if (key !== "modelType" && value !== undefined) extra[key] = value;
  }
  return { known, extra };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
