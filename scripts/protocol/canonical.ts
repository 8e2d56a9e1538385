import { createHash } from "node:crypto";

/** JSON values. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A file's text for a JSON value: two spaces, a newline at the end. */
export function jsonFile(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** SHA-256 of a value's JSON with sorted keys, as hexadecimal digits. Descriptions do not count. */
export function canonicalHash(value: Json): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, entry]) => !(key === "description" && typeof entry === "string"))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}
