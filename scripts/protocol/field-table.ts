import { ERROR_CODES } from "../../ts-client/src/errors/index.ts";
import type { Json } from "./canonical.ts";

type Schema = { readonly [key: string]: Json };

const NUMBERS: ReadonlyMap<number, string> = new Map([
  [2 ** 53 - 1, "2^53 − 1"],
  [2 ** 40, "2^40"],
  [2 ** 31, "2^31"],
  [2 ** 31 - 1, "2^31 − 1"],
  [2 ** 20, "2^20"],
  [2 ** 26, "2^26"],
]);
const PATTERNS: ReadonlyMap<string, string> = new Map([
  ["^[0-9a-f]{16}$", "16 hex digits"],
  ["^[0-9a-f]{64}$", "64 hex digits"],
  ["^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", "UUID"],
]);

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
}

/** Fields whose own fields are told elsewhere: tensors with the frames, options in a table of their own. */
const TOLD_ELSEWHERE = new Set(["tensors", "items[].op.options"]);

/** A Markdown table of every field of a schema, nested ones by their path. */
export function fieldTable(schema: Schema): string {
  const rows = fieldRows(schema, "");
  return [
    "| field | type | | meaning |",
    "|---|---|---|---|",
    ...rows.map(({ path, type, required, about }) => {
      return `| \`${path}\` | ${type} | ${required ? "required" : ""} | ${about} |`;
    }),
  ].join("\n");
}

function fieldRows(schema: Schema, prefix: string): Row[] {
  const required = (schema.required ?? []) as readonly string[];
  return Object.entries(schema.properties as { readonly [key: string]: Schema }).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const row = { path, type: typeText(field), required: required.includes(name), about: aboutText(field) };
    return TOLD_ELSEWHERE.has(path) ? [row] : [row, ...nestedRows(field, path)];
  });
}

function nestedRows(field: Schema, path: string): Row[] {
  if (field.properties !== undefined) return fieldRows(field, `${path}.`);
  if (field.oneOf !== undefined) {
    return (field.oneOf as readonly Schema[]).flatMap((branch) => fieldRows(branch, `${path}.`));
  }
  const items = field.items;
  return items instanceof Object && "properties" in items ? fieldRows(items as Schema, `${path}[].`) : [];
}

function aboutText({ description }: Schema): string {
  return description === undefined ? "" : String(description);
}

function typeText(schema: Schema): string {
  if (schema.oneOf !== undefined) return "map, by `kind`";
  if (schema.anyOf !== undefined) return (schema.anyOf as readonly Schema[]).map(typeText).join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return wordsText(schema.enum as readonly string[]);
  switch (schema.type) {
    case "integer":
      if (schema.minimum === 0 && schema.maximum === Number.MAX_SAFE_INTEGER) return "count";
      return `int ${numberText(schema.minimum)}…${numberText(schema.maximum)}`;
    case "number":
      return ["number", boundTexts(schema).join(", ")].join(" ").trimEnd();
    case "boolean":
      return "bool";
    case "string":
      return textText(schema);
    case "array":
      return arrayText(schema);
    default:
      return schema.properties === undefined
        ? `map of ${typeText(schema.additionalProperties as Schema)}`
        : "map";
  }
}

function wordsText(words: readonly string[]): string {
  if (words.length === Object.keys(ERROR_CODES).length) return "error code";
  return words.map((word) => `\`${word}\``).join(", ");
}

function boundTexts({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string[] {
  const bounds: ReadonlyArray<readonly [string, Json | undefined]> = [
    ["≥", minimum],
    [">", exclusiveMinimum],
    ["≤", maximum],
    ["<", exclusiveMaximum],
  ];
  return bounds
    .filter(([, bound]) => bound !== undefined)
    .map(([sign, bound]) => `${sign} ${numberText(bound)}`);
}

function textText({ pattern, minLength, maxLength }: Schema): string {
  if (pattern !== undefined) return PATTERNS.get(String(pattern)) ?? `text \`${pattern}\``;
  return minLength === undefined ? `text ≤ ${numberText(maxLength)}` : `text 1…${numberText(maxLength)}`;
}

function arrayText({ prefixItems, items, minItems, maxItems }: Schema): string {
  if (prefixItems !== undefined) return `[${(prefixItems as readonly Schema[]).map(typeText).join(", ")}]`;
  const counts = minItems === undefined ? `≤ ${maxItems}` : `${minItems}…${maxItems}`;
  return `array ${counts} of ${typeText(items as Schema)}`;
}

function numberText(value: Json | undefined): string {
  return NUMBERS.get(Number(value)) ?? String(value);
}
