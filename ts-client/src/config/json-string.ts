/** Marks a text that stands for a number; JSON does not escape it, and no configuration uses it. */
const MARK = "\uE000";

/**
 * A configuration as the text of a `config.json`.
 *
 * transformers 5 refuses `1` where it wants a fraction, and `JSON.stringify` knows no `1.0`.
 *
 * @param fractions - keys whose whole numbers are written with `.0`
 */
export function jsonString(config: { toJSON(): object }, fractions: readonly string[]): string {
  const mark = (key: string, value: unknown) =>
    fractions.includes(key) && Number.isInteger(value) ? `${MARK}${value}.0` : value;
  const text = JSON.stringify(config.toJSON(), mark, 2);
  return `${text.replace(new RegExp(`"${MARK}([^"]+)"`, "g"), "$1")}\n`;
}
