import { z } from "zod";
import type { PretrainedConfig } from "./pretrained-config.ts";

/** A dictionary as it stands in a `config.json`. */
export type ConfigJson = Record<string, unknown>;

/** What makes up a configuration class: its fields with their defaults, and how they are read. */
export interface ConfigSpec {
  /** transformers' `model_type`. */
  readonly modelType: string;
  /** The key under which a whole model's dictionary holds this part. */
  readonly partOf: string | undefined;
  /** Every field that is read, in camelCase. */
  readonly schema: z.ZodObject;
  /** Other names of fields, in camelCase. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Fields, and keys within fields, that hold fractions: `1.0` in a file, never `1`. */
  readonly fractions: ReadonlySet<string>;
  /** The fields that are kept, from those that were read. */
  readonly derive: (fields: ConfigJson) => object;
}

/** Names of a class's own fields: neither methods nor what all configurations have. */
type FieldName<T extends PretrainedConfig> = Exclude<
  { [K in keyof T]: T[K] extends (...args: never) => unknown ? never : K }[keyof T],
  keyof PretrainedConfig
>;

/**
 * A schema for each field of the class `T`; one that `derive` fills in may be missing from the input.
 * `Alias` names getters for other fields, `Legacy` names that are read and turned into other fields.
 */
export type Shape<T extends PretrainedConfig, Alias extends string = never, Legacy extends string = never> = {
  readonly [K in Exclude<FieldName<T>, Alias>]: z.ZodType<T[K] | null | undefined>;
} & { readonly [K in Legacy]: z.ZodType };

/** Number types that may hold fractions. */
export const rate = z.number().min(0).max(1);
export const spread = z.number().min(0);
export const epsilon = z.number().gt(0);
const FRACTIONS = new Set<unknown>([rate, spread, epsilon]);

/** Other types of fields that the configurations share. */
export const size = z.int().min(1);
export const tokenId = z.int().nullable();
export const eosTokenId = z.union([z.int(), z.array(z.int())]).nullable();

/** What transformers' base class has, as far as it matters here. */
const common = {
  outputHiddenStates: z.boolean().default(false),
  outputAttentions: z.boolean().default(false),
  returnDict: z.boolean().default(true),
  dtype: z.string().nullable().default(null),
  architectures: z.array(z.string()).nullable().default(null),
} satisfies z.ZodRawShape;

/** What all configurations hold unless told otherwise; files leave it out, as transformers' do. */
export const COMMON_DEFAULTS: Readonly<ConfigJson> = z.object(common).parse({});

/** Puts a class's specification together. */
export function configSpec<S extends z.ZodRawShape>(spec: {
  readonly modelType: string;
  readonly partOf?: string;
  readonly shape: S;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly fractionsWithin?: readonly string[];
  readonly derive?: (fields: z.output<z.ZodObject<S>>) => object;
}): ConfigSpec {
  const { modelType, partOf, shape, aliases = {}, fractionsWithin = [], derive } = spec;
  const fractions = Object.keys(shape).filter((name) => holdsFraction(shape[name]));
  return {
    modelType,
    partOf,
    schema: z.object({ ...common, ...shape }),
    aliases: new Map(Object.entries({ torchDtype: "dtype", ...aliases })),
    fractions: new Set([...fractions, ...fractionsWithin]),
    // What was read with the schema has the schema's types.
    derive: derive === undefined ? (fields) => fields : (fields) => derive(fields as never),
  };
}

function holdsFraction(schema: unknown): boolean {
  if (FRACTIONS.has(schema)) return true;
  return schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional
    ? holdsFraction(schema.unwrap())
    : false;
}

/** The name of a field in transformers' spelling. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
