import type { Json } from "../canonical.ts";
import type { Packable } from "./msgpack.ts";

type Schema = { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Packable };

/** A header with one value replaced, and where: what is around it is the least that the schema asks for. */
export interface Variant {
  readonly label: string;
  /** e.g. `items[0].options.top_p`; empty for the header itself. */
  readonly path: string;
  readonly header: Packable;
}

/** Values for one place: by label. An undefined value stands for the field's absence. */
export type Values = ReadonlyArray<readonly [label: string, value: Packable | undefined]>;

/**
 * Visits every place of a schema that an example has a value for, and yields a header for each value that
 * `valuesAt` names for the place.
 */
export function* variants(
  schema: Schema,
  example: Packable,
  valuesAt: (schema: Schema, example: Packable) => Values,
  path = "",
): Generator<Variant> {
  for (const [label, header] of valuesAt(schema, example)) {
    if (header !== undefined) yield { label, path, header };
  }
  if (schema.properties !== undefined) {
    yield* fieldVariants(schema, example as Fields, valuesAt, path);
  } else if (schema.additionalProperties !== undefined) {
    const [[key, value] = ["", 0]] = Object.entries(example as Fields);
    const inner = variants(schema.additionalProperties as Schema, value, valuesAt, `${path}.${key}`);
    for (const variant of inner) yield { ...variant, header: { [key]: variant.header } };
  } else if (schema.prefixItems !== undefined) {
    const entries = example as readonly Packable[];
    for (const [i, item] of (schema.prefixItems as readonly Schema[]).entries()) {
      for (const variant of variants(item, entries[i] as Packable, valuesAt, `${path}[${i}]`)) {
        yield { ...variant, header: entries.with(i, variant.header) };
      }
    }
  } else if (schema.oneOf !== undefined) {
    const branch = branchOf(schema, example);
    if (branch !== undefined) yield* variants(branch, example, valuesAt, path);
  } else if (schema.items !== undefined) {
    const [first] = example as readonly Packable[];
    for (const variant of variants(schema.items as Schema, first as Packable, valuesAt, `${path}[0]`)) {
      yield { ...variant, header: [variant.header] };
    }
  }
}

function* fieldVariants(
  schema: Schema,
  example: Fields,
  valuesAt: (schema: Schema, example: Packable) => Values,
  path: string,
): Generator<Variant> {
  const required = (schema.required ?? []) as readonly string[];
  const least = leastOf(schema, example);
  for (const [field, fieldSchema] of Object.entries(schema.properties as { [key: string]: Schema })) {
    const value = example[field];
    if (value === undefined) throw new Error(`the example has no ${path}.${field}`);
    const at = path === "" ? field : `${path}.${field}`;
    if (required.includes(field)) {
      const { [field]: _, ...rest } = least;
      for (const [label, missing] of valuesAt(fieldSchema, value)) {
        if (missing === undefined) yield { label, path: at, header: rest };
      }
    }
    for (const variant of variants(fieldSchema, value, valuesAt, at)) {
      yield { ...variant, header: { ...least, [field]: variant.header } };
    }
  }
}

/** An example with nothing but what its schema requires. */
export function leastOf(schema: Schema, example: Packable): Fields {
  const properties = schema.properties as { readonly [key: string]: Schema };
  const required = (schema.required ?? []) as readonly string[];
  return Object.fromEntries(
    required
      .filter((field) => (example as Fields)[field] !== undefined)
      .map((field) => [field, least(properties[field] as Schema, (example as Fields)[field] as Packable)]),
  );
}

/** The same for any value. */
export function least(schema: Schema, example: Packable): Packable {
  if (schema.properties !== undefined) return leastOf(schema, example);
  if (schema.items instanceof Object && Array.isArray(example)) {
    return example.slice(0, 1).map((entry) => least(schema.items as Schema, entry));
  }
  const branch = branchOf(schema, example);
  return branch === undefined ? example : leastOf(branch, example);
}

/** The branch of a tagged union that an example belongs to. */
export function branchOf(schema: Schema, example: Packable): Schema | undefined {
  const branches = (schema.oneOf ?? []) as readonly Schema[];
  return branches.find((branch) => {
    const kind = (branch.properties as { readonly [key: string]: Schema }).kind;
    return kind?.const === (example as Fields).kind;
  });
}
