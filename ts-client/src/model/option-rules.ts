/** How the values of one option are checked, described and read from a command line. */
export interface OptionRule<T> {
  /** What a value must be, as the end of the sentence "must be …". */
  readonly expected: string;
  /** The value's place in a usage line; undefined for a switch. */
  readonly placeholder: string | undefined;
  readonly accepts: (value: unknown) => value is T;
  /** Reads a command line's text; what it cannot read comes back as it was, for `accepts` to refuse. */
  readonly parse: (text: string) => unknown;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
  /** The least value itself is refused. */
  readonly above?: number;
  /** The greatest value itself is refused. */
  readonly below?: number;
}

/** A whole number. */
export function integer(range: Range = {}): OptionRule<number> {
  return {
    expected: `a whole number${describeRange(range)}`,
    placeholder: "<n>",
    accepts: (value): value is number => Number.isSafeInteger(value) && within(value as number, range),
    parse: parseNumber,
  };
}

/** A finite number. */
export function real(range: Range = {}): OptionRule<number> {
  return {
    expected: `a number${describeRange(range)}`,
    placeholder: "<x>",
    accepts: (value): value is number => Number.isFinite(value) && within(value as number, range),
    parse: parseNumber,
  };
}

/** A switch. */
export function toggle(): OptionRule<boolean> {
  return {
    expected: "true or false",
    placeholder: undefined,
    accepts: (value): value is boolean => typeof value === "boolean",
    parse: parseJson,
  };
}

/** Anything a predicate knows; on a command line it is JSON unless `parse` reads it otherwise. */
export function shaped<T>(
  expected: string,
  placeholder: string,
  accepts: (value: unknown) => value is T,
  parse: (text: string) => unknown = parseJson,
): OptionRule<T> {
  return { expected, placeholder, accepts, parse };
}

/** A token id; the worker checks it against the vocabulary. */
export function isTokenId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

/** A list of token ids, `min` to 512 of them. */
export function isTokenIds(value: unknown, min = 0): value is readonly number[] {
  return Array.isArray(value) && value.length >= min && value.length <= 512 && value.every(isTokenId);
}

function within(value: number, { min, max, above, below }: Range): boolean {
  return (
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  );
}

function describeRange({ min, max, above, below }: Range): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const parts = [
    min === undefined ? undefined : `from ${min} up`,
    above === undefined ? undefined : `above ${above}`,
    below === undefined ? undefined : `below ${below}`,
    max === undefined ? undefined : `at most ${max}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function parseNumber(text: string): unknown {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/** The value of a JSON text; text that is none comes back as it was. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
