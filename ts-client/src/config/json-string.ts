import { markNumber, unmark } from "../checkpoint/index.ts";

/**
 * A fraction for {@link jsonString}: transformers 5 refuses `1` where it wants a fraction, and
 * `JSON.stringify` knows no `1.0`.
 */
export function asFraction(value: unknown): unknown {
  return Number.isInteger(value) ? markNumber(`${value}.0`) : value;
}

/** The text of a `config.json`, with its keys in order as transformers writes them. */
export function jsonString(json: object): string {
  return `${unmark(JSON.stringify(json, inOrder, 2))}\n`;
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
