import { describe, InstructBlipError } from "../errors/index.ts";
import { type ConfigJson, type ConfigSpec, snakeCase } from "./config-spec.ts";
import { isJsonValue } from "./json-value.ts";

/** A configuration's fields with their values, and the keys that no field has. */
export interface ReadFields {
  readonly values: object;
  readonly extra: ConfigJson;
}

/**
 * Reads fields that are named in camelCase.
 *
 * @throws CONFIG_INVALID naming the field
 */
export function readFields(spec: ConfigSpec, fields: unknown): ReadFields {
  const inSnakeCase = new Map(fieldNames(spec).map((name) => [snakeCase(name), name]));
  const { extra: kept = {}, ...named } = record(fields, spec);
  const known: ConfigJson = {};
  // Entries, as assigning to a key called `__proto__` would not keep it.
  const extra = Object.entries(record(kept, spec, "extra"));
  for (const [key, value] of Object.entries(named)) {
    const other = inSnakeCase.get(key);
    if (value === undefined) continue;
    if (key === "modelType" || key === "model_type") checkModelType(spec, value);
    else if (other === key || isField(spec, key)) put(spec, known, key, value);
    else if (other === undefined) extra.push([key, value]);
    else throw spelling(key, other, "or use `fromJSON` for a dictionary of transformers");
  }
  const foreign = extra.find(([, value]) => !isJsonValue(value));
  if (foreign !== undefined) {
    throw invalid(
      spec,
      foreign[0],
      `is no field, and cannot be kept as it is no JSON: ${describe(foreign[1])} was given`,
    );
  }
  return { values: spec.derive(parse(spec, known)), extra: Object.fromEntries(extra) };
}

/**
 * Turns a dictionary of transformers into fields for {@link readFields}.
 *
 * @throws CONFIG_INVALID for a key in camelCase
 */
export function fromDictionary(spec: ConfigSpec, json: unknown): ConfigJson {
  const inSnakeCase = new Map(fieldNames(spec).map((name) => [snakeCase(name), name]));
  const fields: ConfigJson = {};
  const extra: [string, unknown][] = [];
  for (const [key, value] of Object.entries(record(json, spec))) {
    const name = key === "model_type" ? "modelType" : inSnakeCase.get(key);
    if (name !== undefined) fields[name] = value;
    else if (isField(spec, key)) throw spelling(key, snakeCase(key), "as in a dictionary of transformers");
    else extra.push([key, value]);
  }
  return { ...fields, extra: Object.fromEntries(extra) };
}

/** Whether an object names a field as only camelCase does: then it is no dictionary of transformers. */
export function hasCamelCase(spec: ConfigSpec, fields: object): boolean {
  return Object.keys(fields).some((key) => isField(spec, key) && snakeCase(key) !== key);
}

function fieldNames(spec: ConfigSpec): string[] {
  return [...Object.keys(spec.schema.shape), ...spec.aliases.keys()];
}

function isField(spec: ConfigSpec, key: string): boolean {
  return Object.hasOwn(spec.schema.shape, key) || spec.aliases.has(key);
}

/** Files of some ages have a field under both of its names. */
function put(spec: ConfigSpec, known: ConfigJson, key: string, value: unknown): void {
  const name = spec.aliases.get(key) ?? key;
  const before = known[name] ?? undefined;
  if (before !== undefined && value !== null && before !== value) {
    throw invalid(
      spec,
      name,
      `has two names here and two values: ${describe(before)} and ${describe(value)}`,
    );
  }
  known[name] = before ?? value;
}

function parse(spec: ConfigSpec, known: ConfigJson): ConfigJson {
  const parsed = spec.schema.safeParse(known);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  const value = known[String(issue?.path[0])];
  throw invalid(spec, path, `is wrong: ${issue?.message ?? "unknown reason"}; ${describe(value)} was given`);
}

function checkModelType(spec: ConfigSpec, value: unknown): void {
  if (value === spec.modelType) return;
  throw invalid(spec, "modelType", `must be "${spec.modelType}", but ${describe(value)} was given`);
}

function record(value: unknown, spec: ConfigSpec, path?: string): ConfigJson {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ConfigJson;
  throw invalid(spec, path, `must be an object, but ${describe(value)} was given`);
}

function spelling(key: string, instead: string, or: string): InstructBlipError {
  return new InstructBlipError("CONFIG_INVALID", `Write \`${instead}\` instead of \`${key}\`, ${or}.`, {
    path: key,
  });
}

function invalid(spec: ConfigSpec, path: string | undefined, problem: string): InstructBlipError {
  const what = `${path ? `\`${path}\` of the` : "The"} ${spec.modelType} configuration`;
  return new InstructBlipError("CONFIG_INVALID", `${what} ${problem}.`, path ? { path } : {});
}
