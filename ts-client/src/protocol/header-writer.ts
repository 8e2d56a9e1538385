import { Packr } from "msgpackr";
import { readHeader } from "./header-reader.ts";

// `skipValues` leaves out the fields that are undefined; msgpackr's types do not know it.
const OPTIONS = { useRecords: false, variableMapSize: true, skipValues: [undefined] };
const packr = new Packr(OPTIONS);

/**
 * A header as msgpack, in memory of its own: sockets send without copying, and msgpackr's results share one
 * growing buffer.
 *
 * The result has passed the reader, so what cannot be sent (NaN, null, typed arrays, dates, …) is found here.
 * Lone surrogates in text become U+FFFD.
 *
 * @throws PROTOCOL
 */
export function writeHeader(header: object): Uint8Array {
  const bytes = Uint8Array.from(packr.pack(header));
  try {
    readHeader(bytes);
    return bytes;
  } catch (error) {
    // Most often nothing can be mended, but msgpackr writes a lone surrogate as invalid UTF-8.
    const mended = Uint8Array.from(packr.pack(wellFormedTree(header)));
    if (Buffer.compare(mended, bytes) === 0) throw error;
    readHeader(mended);
    return mended;
  }
}

function wellFormedTree(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(wellFormedTree);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [wellFormedTree(key), wellFormedTree(entry)]),
  );
}
