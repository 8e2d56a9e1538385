import { InstructBlipError } from "./instructblip-error.ts";

/**
 * The error for a wrong value: names the field, what was expected and what came.
 *
 * @param path - the field, e.g. `options.topP`
 * @param expected - what it should have been, e.g. `a number from 0 to 1`
 * @param received - the value that came; shown by type, and by value when it is short
 * @param remedy - a full sentence that says how to mend it
 */
export function invalidArgument(
  path: string,
  expected: string,
  received: unknown,
  remedy?: string,
): InstructBlipError {
  const tail = remedy === undefined ? "" : ` ${remedy}`;
  return new InstructBlipError(
    "INVALID_ARGUMENT",
    `\`${path}\` must be ${expected}, but ${describe(received)} was given.${tail}`,
    { path },
  );
}

/** A short description of a value for an error message; never more than its type and 60 characters. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(shorten(value))}`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return `the ${typeof value} ${String(value)}`;
  }
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return name === undefined || name === "Object" ? "an object" : `an instance of ${name}`;
  }
  return `a ${typeof value}`;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
