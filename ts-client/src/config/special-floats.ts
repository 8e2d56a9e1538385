import { MAX_DEPTH } from "./json-value.ts";

/** The key under which transformers writes a number that JSON has no word for. */
const TAG = "__float__";

const NUMBERS: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/** Infinities and NaN as JSON can hold them, at any depth: `{"__float__": "Infinity"}`. */
export function encodeSpecialFloats(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { [TAG]: String(value) };
  return within(value, encodeSpecialFloats);
}

/** The reverse of {@link encodeSpecialFloats}; what is deeper than any configuration is left as it is. */
export function decodeSpecialFloats(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return value;
  if (isObject(value)) {
    const { [TAG]: tag, ...others } = value;
    const isTag = typeof tag === "string" && Object.hasOwn(NUMBERS, tag) && Object.keys(others).length === 0;
    if (isTag) return NUMBERS[tag];
  }
  return within(value, (item) => decodeSpecialFloats(item, depth + 1));
}

function within(value: unknown, change: (item: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
