import type { Json } from "../canonical.ts";
import type { Packable } from "./msgpack.ts";
import { float64 } from "./msgpack.ts";
import { least, type Values } from "./schema-walk.ts";

type Schema = { readonly [key: string]: Json };
type Value = readonly [label: string, value: Packable | undefined];

/** Emoji fit a text of so many characters into any header. */
const MOST_EMOJI = 1024;
/** Positions of tensors: the largest asks for 255 tensors, which has a case of its own. */
const LAST_TENSOR = 254;

/** Values that a schema refuses: one for each way to be wrong. */
export function wrongValues(schema: Schema, example: Packable): Values {
  return [["missing", undefined], ...wrongOfType(schema, example)];
}

function wrongOfType(schema: Schema, example: Packable): Value[] {
  if (schema.enum !== undefined || schema.const !== undefined) {
    return [
      ["not one of the words", "no-such-word"],
      ["a number for a word", 1],
    ];
  }
  switch (schema.type) {
    case "integer":
      return [
        ...wrongNumbers(schema, 1),
        ["a fraction", 1.5],
        ["text for a number", "1"],
        ["true for a number", true],
      ];
    case "number":
      return [...wrongNumbers(schema, 0.5), ["text for a number", "1"], ["true for a number", true]];
    case "boolean":
      return [
        ["1 for true", 1],
        ["text for true", "true"],
      ];
    case "string":
      return wrongTexts(schema, String(example));
    case "array":
      return wrongArrays(schema, example as readonly Packable[]);
    case "object":
      return [
        ["an array for a map", []],
        ["a number for a map", 5],
      ];
    default:
      return [["a fraction", 1.5]];
  }
}

function wrongNumbers(schema: Schema, step: number): Value[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const values: Value[] = [];
  if (typeof minimum === "number" && minimum > -(2 ** 53)) values.push(["below the least", minimum - step]);
  if (typeof maximum === "number" && maximum < 2 ** 52) values.push(["above the most", maximum + step]);
  if (typeof exclusiveMinimum === "number") values.push(["at the open lower end", exclusiveMinimum]);
  if (typeof exclusiveMaximum === "number") values.push(["at the open upper end", exclusiveMaximum]);
  return values;
}

function wrongTexts(schema: Schema, example: string): Value[] {
  const values: Value[] = [["a number for text", 5]];
  if (typeof schema.maxLength === "number") {
    values.push(["one character too many", "a".repeat(schema.maxLength + 1)]);
    if (schema.maxLength <= MOST_EMOJI)
      values.push(["one emoji too many", "\u{1f642}".repeat(schema.maxLength + 1)]);
  }
  if (schema.minLength === 1) values.push(["empty text", ""]);
  if (schema.pattern !== undefined) {
    values.push(
      ["a line feed behind", `${example}\n`],
      ["a digit less", example.slice(1)],
      ["a g among the digits", `g${example.slice(1)}`],
    );
  }
  return values;
}

function wrongArrays(schema: Schema, example: readonly Packable[]): Value[] {
  const values: Value[] = [["a map for an array", {}]];
  const first = firstOf(schema, example);
  if (schema.prefixItems !== undefined) {
    values.push(["one entry too many", [...example, 1]], ["one entry too few", example.slice(1)]);
  } else {
    if (typeof schema.maxItems === "number") {
      values.push(["one entry too many", Array.from({ length: schema.maxItems + 1 }, () => first)]);
    }
    if (schema.minItems === 1) values.push(["no entries", []]);
  }
  return values;
}

/** Values at the edges of what a schema accepts. */
export function edgeValues(schema: Schema, example: Packable): Values {
  if (schema.const !== undefined) return [];
  if (schema.enum !== undefined) return (schema.enum as readonly string[]).map((word) => [word, word]);
  switch (schema.type) {
    case "integer":
    case "number":
      return edgeNumbers(schema);
    case "boolean":
      return [
        ["false", false],
        ["true", true],
      ];
    case "string":
      return edgeTexts(schema);
    case "array":
      return edgeArrays(schema, example as readonly Packable[]);
    default:
      return [];
  }
}

function edgeNumbers(schema: Schema): Values {
  const { minimum, maximum } = schema;
  const values: Value[] = [];
  if (maximum === LAST_TENSOR) return values;
  if (typeof minimum === "number") values.push(["the least", minimum]);
  if (typeof maximum === "number") values.push(["the most", maximum]);
  if (schema.type === "integer") values.push(["a whole number as float64", float64(2)]);
  return values;
}

function edgeTexts(schema: Schema): Values {
  const { maxLength } = schema;
  const values: Value[] = [];
  if (schema.pattern === undefined && schema.minLength === undefined) values.push(["empty text", ""]);
  if (typeof maxLength !== "number") return values;
  values.push(["the most characters", "a".repeat(maxLength)]);
  if (maxLength <= MOST_EMOJI) values.push(["the most characters, all emoji", "\u{1f642}".repeat(maxLength)]);
  return values;
}

function edgeArrays(schema: Schema, example: readonly Packable[]): Values {
  if (schema.prefixItems !== undefined) return [];
  const first = firstOf(schema, example);
  const values: Value[] = [];
  if (schema.minItems === undefined) values.push(["no entries", []]);
  if (typeof schema.maxItems === "number") {
    values.push(["the most entries", Array.from({ length: schema.maxItems }, () => first)]);
  }
  return values;
}

/** What arrays of a schema are filled with. */
function firstOf(schema: Schema, [first = 0]: readonly Packable[]): Packable {
  return schema.items instanceof Object ? least(schema.items as Schema, first) : first;
}
