/** Nobody writes deeper configurations; values that hold themselves have no end. */
export const MAX_DEPTH = 64;

/** Whether a value can stand in a `config.json`: numbers, infinities and NaN too, and what is made of such values. */
export function isJsonValue(value: unknown, depth = 0): boolean {
  if (value === null || ["boolean", "number", "string", "undefined"].includes(typeof value)) return true;
  if (typeof value !== "object" || depth === MAX_DEPTH) return false;
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => isJsonValue(item, depth + 1));
}
