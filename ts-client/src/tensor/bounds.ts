import { invalidArgument } from "../errors/index.ts";

/** A position among `length`, from the end when negative. */
export function indexOf(value: number, length: number, name: string): number {
  if (!Number.isInteger(value) || value < -length || value >= length) {
    const range = length === 0 ? "left out: there is none" : `an integer from ${-length} to ${length - 1}`;
    throw invalidArgument(name, range, value);
  }
  return value < 0 ? value + length : value;
}

/** An end of a range, from 0 to `length`; infinity is the end. */
export function bound(value: number, length: number, name: string): number {
  if (
    typeof value !== "number" ||
    !(Number.isInteger(value) || Math.abs(value) === Number.POSITIVE_INFINITY)
  ) {
    throw invalidArgument(name, "an integer", value);
  }
  return Math.min(Math.max(value < 0 ? value + length : value, 0), length);
}
