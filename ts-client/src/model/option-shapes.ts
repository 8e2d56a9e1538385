import { isTokenId, isTokenIds, parseJson } from "./option-rules.ts";

/** A text, or 1 to 16 of them. */
export function isStopStrings(value: unknown): value is string | readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isText = (text: unknown) => typeof text === "string" && text.length >= 1 && text.length <= 256;
  return all.length >= 1 && all.length <= 16 && all.every(isText);
}

/** A JSON array of texts; anything else is one text as it stands. */
export function parseStopStrings(text: string): unknown {
  const parsed = parseJson(text);
  return isStopStrings(parsed) && typeof parsed !== "string" ? parsed : text;
}

/** A switch with a third place. */
export function isEarlyStopping(value: unknown): value is boolean | "never" {
  return typeof value === "boolean" || value === "never";
}

/** At most 256 runs of tokens. */
export function isTokenRuns(value: unknown): value is readonly (readonly number[])[] {
  return Array.isArray(value) && value.length <= 256 && value.every((run) => isTokenIds(run, 1));
}

/** One token or several. */
export function isTokenIdOrIds(value: unknown): value is number | readonly number[] {
  return isTokenId(value) || isTokenIds(value);
}

/** One token, or 1 to 16. */
export function isEndTokenIds(value: unknown): value is number | readonly number[] {
  return isTokenId(value) || (isTokenIds(value, 1) && value.length <= 16);
}

/** A way to keep keys and values that runs here. */
export function isCacheImplementation(value: unknown): value is "dynamic" | "static" {
  return value === "dynamic" || value === "static";
}

/** Why transformers' other caches are refused. */
export const CACHES_THAT_DO_NOT_RUN =
  '"offloaded" and "offloaded_static" move keys and values between a GPU and the CPU, which is not offered here; ' +
  '"quantized" needs packages that the worker does not have, and T5 cannot use it; ' +
  '"sliding_window" and the "hybrid" kinds are old names of "static"; "paged" takes token ids only, not pictures.';

/** At most 256 pairs of a run of tokens and a number. */
export function isSequenceBias(value: unknown): value is readonly (readonly [readonly number[], number])[] {
  return Array.isArray(value) && value.length <= 256 && value.every(isBiasPair);
}

function isBiasPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && isTokenIds(pair[0], 1) && Number.isFinite(pair[1]);
}

/** A pair of a start and a factor. */
export function isDecay(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    Number.isSafeInteger(value[0]) &&
    value[0] >= 0 &&
    Number.isFinite(value[1]) &&
    value[1] > 0
  );
}
