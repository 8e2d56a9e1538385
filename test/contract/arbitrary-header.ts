import fc from "fast-check";
import type { Json } from "../../scripts/protocol/canonical.ts";
import { fieldsSchema } from "../../scripts/protocol/schema-files.ts";
import type { KindName } from "../../ts-client/src/protocol/index.ts";

type Schema = { readonly [key: string]: Json };

/** Entries of an array or a free map: no more, so that headers stay within their limits. */
const MOST_ENTRIES = 3;
const MOST_CHARACTERS = 80;
/** Tensors that a message of {@link arbitraryHeader} may name. */
export const TENSORS_NAMED = 3;
const LAST_TENSOR = 254;

/** Any header of a kind that its schema allows, without `tensors`. */
export function arbitraryHeader(kind: KindName): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return arbitraryMap(fieldsSchema(kind));
}

function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return fc.oneof(...(branches as readonly Schema[]).map(arbitrary));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as readonly string[]));
  switch (schema.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return arbitraryInteger(Number(schema.minimum), Number(schema.maximum));
    case "number":
      return arbitraryNumber(schema);
    case "string":
      return arbitraryText(schema);
    case "array":
      return arbitraryArray(schema);
    default:
      return arbitraryMap(schema);
  }
}

function arbitraryInteger(min: number, max: number): fc.Arbitrary<number> {
  if (max === LAST_TENSOR) return fc.nat({ max: TENSORS_NAMED - 1 });
  return fc.oneof(fc.maxSafeInteger(), fc.nat()).map((n) => min + (Math.abs(n) % (max - min + 1)));
}

function arbitraryNumber({
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
}: Schema): fc.Arbitrary<number> {
  const min = Number(minimum ?? exclusiveMinimum ?? -1e12);
  const max = Number(maximum ?? exclusiveMaximum ?? 1e12);
  const double = fc.double({
    min,
    max,
    noNaN: true,
    minExcluded: exclusiveMinimum !== undefined,
    maxExcluded: exclusiveMaximum !== undefined,
  });
  // On the wire -0 is 0.
  return double.map((n) => n + 0);
}

function arbitraryText({ pattern, minLength = 0, maxLength }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(String(pattern)));
  const most = Math.min(Number(maxLength), MOST_CHARACTERS);
  return fc.string({ unit: "binary", minLength: Number(minLength), maxLength: most });
}

function arbitraryArray({ prefixItems, items, minItems = 0 }: Schema): fc.Arbitrary<unknown> {
  if (prefixItems !== undefined) return fc.tuple(...(prefixItems as readonly Schema[]).map(arbitrary));
  return fc.array(arbitrary(items as Schema), { minLength: Number(minItems), maxLength: MOST_ENTRIES });
}

function arbitraryMap(schema: Schema): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  if (schema.additionalProperties !== undefined) {
    const key = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text !== "__proto__");
    const values = arbitrary(schema.additionalProperties as Schema);
    return fc.dictionary(key, values, { maxKeys: MOST_ENTRIES, noNullPrototype: true });
  }
  const fields = Object.entries(schema.properties as { readonly [key: string]: Schema });
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, arbitrary(field)])), {
    requiredKeys: schema.required as string[],
    noNullPrototype: true,
  });
}
