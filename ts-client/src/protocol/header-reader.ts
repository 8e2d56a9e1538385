import { isUtf8 } from "node:buffer";
import type { InstructBlipError } from "../errors/index.ts";
import { LIMITS } from "./limits.ts";
import { protocolError } from "./protocol-error.ts";

/** A header before its schema is checked: JSON's data model without null. */
export type HeaderValue = string | number | boolean | readonly HeaderValue[] | HeaderMap;
export interface HeaderMap {
  readonly [key: string]: HeaderValue;
}

/**
 * Reads a header's msgpack map: text, booleans, finite numbers, arrays, and maps with distinct text keys.
 *
 * What a general decoder lets pass is refused: extension types, binary, nil, NaN and infinities, integers
 * beyond 2^53 - 1, repeated keys, invalid UTF-8, bytes behind the end. Checking needs a walk over every byte,
 * so the same walk builds the value: no second parser can read the bytes differently. Claimed lengths are
 * checked against the limits and never allocated.
 *
 * @throws PROTOCOL with path `header`
 */
export function readHeader(bytes: Uint8Array): HeaderMap {
  return new HeaderReader(bytes).root();
}

class HeaderReader {
  readonly #bytes: Buffer;
  /** One character for each byte. */
  readonly #latin1: string;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#latin1 = this.#bytes.toString("latin1");
  }

  root(): HeaderMap {
    const token = this.#bytes[0] ?? 0;
    if ((token & 0xf0) !== 0x80 && token !== 0xde && token !== 0xdf)
      throw refuse("the header must be a map", 0);
    const header = this.#value(0) as HeaderMap;
    if (this.#at !== this.#bytes.length) throw refuse("there are bytes behind the map", this.#at);
    return header;
  }

  /** The value at the current position; `depth` counts the containers around it. */
  #value(depth: number): HeaderValue {
    const start = this.#at;
    const token = this.#byte();
    if (token < 0x80) return token;
    if (token < 0x90) return this.#map(token & 0x0f, depth + 1);
    if (token < 0xa0) return this.#array(token & 0x0f, depth + 1);
    if (token < 0xc0) return this.#text(token & 0x1f);
    if (token >= 0xe0) return token - 0x100;
    switch (token) {
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return finite(this.#bytes.readFloatBE(this.#take(4)), start);
      case 0xcb:
        return finite(this.#bytes.readDoubleBE(this.#take(8)), start);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (token - 0xcc));
      case 0xcf: {
        const at = this.#take(8);
        return safe(this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4), start);
      }
      case 0xd0:
        return this.#bytes.readInt8(this.#take(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(4));
      case 0xd3: {
        const at = this.#take(8);
        return safe(this.#bytes.readInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4), start);
      }
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (token - 0xdc)), depth + 1);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (token - 0xde)), depth + 1);
      default:
        throw refuse(`${NOT_IN_HEADERS[token] ?? "an extension type"} has no place in a header`, start);
    }
  }

  #map(entries: number, depth: number): HeaderMap {
    this.#enter(entries, depth);
    const map: Record<string, HeaderValue> = {};
    for (let i = 0; i < entries; i++) {
      const key = this.#key();
      if (Object.hasOwn(map, key)) throw refuse("a key is there twice", this.#at);
      map[key] = this.#value(depth);
    }
    return map;
  }

  #array(entries: number, depth: number): HeaderValue[] {
    this.#enter(entries, depth);
    const array: HeaderValue[] = [];
    for (let i = 0; i < entries; i++) array.push(this.#value(depth));
    return array;
  }

  #enter(entries: number, depth: number): void {
    if (depth > LIMITS.depth) {
      throw refuse(`maps and arrays are nested deeper than ${LIMITS.depth}`, this.#at);
    }
    this.#items += entries;
    if (this.#items > LIMITS.items) throw refuse(`there are more than ${LIMITS.items} entries`, this.#at);
  }

  #key(): string {
    const start = this.#at;
    const token = this.#byte();
    let length: number;
    if ((token & 0xe0) === 0xa0) length = token & 0x1f;
    else if (token >= 0xd9 && token <= 0xdb) length = this.#unsigned(1 << (token - 0xd9));
    else throw refuse("a key must be text", start);
    if (length > LIMITS.keyBytes) throw refuse(`a key is longer than ${LIMITS.keyBytes} bytes`, start);
    // Becoming a key gives any slice memory of its own.
    const key = this.#text(length, LIMITS.keyBytes);
    // Assigned to an object, this one would change its prototype.
    if (key === "__proto__") throw refuse("a key must not be __proto__", start);
    return key;
  }

  #text(length: number, longestSlice = SLICED_BY_COPY): string {
    const start = this.#take(length);
    for (let i = start; i < this.#at; i++) {
      if ((this.#bytes[i] as number) >= 0x80) return this.#utf8(start);
    }
    // A short slice is copied; a longer one would keep the whole header in memory for as long as it lives.
    if (length <= longestSlice) return this.#latin1.slice(start, this.#at);
    return this.#bytes.toString("latin1", start, this.#at);
  }

  #utf8(start: number): string {
    const raw = this.#bytes.subarray(start, this.#at);
    if (!isUtf8(raw)) throw refuse("text is not valid UTF-8", start);
    return raw.toString("utf8");
  }

  #unsigned(width: number): number {
    const at = this.#take(width);
    if (width === 1) return this.#bytes.readUInt8(at);
    return width === 2 ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt32BE(at);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw refuse("the header is cut off", this.#at);
    this.#at += 1;
    return byte;
  }

  /** Moves behind the next `length` bytes and returns where they start. */
  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw refuse("the header is cut off", start);
    this.#at = start + length;
    return start;
  }
}

/** Longest slice of which V8 makes a string of its own, rather than a window on the other one. */
const SLICED_BY_COPY = 12;

const NOT_IN_HEADERS: Readonly<Record<number, string>> = {
  192: "nil",
  193: "a reserved byte",
  196: "binary",
  197: "binary",
  198: "binary",
};

function finite(number: number, at: number): number {
  if (!Number.isFinite(number)) throw refuse("a number is not finite", at);
  // Adding 0 turns -0 into 0, which is what an integer would be.
  return number + 0;
}

function safe(number: number, at: number): number {
  if (!Number.isSafeInteger(number)) throw refuse("an integer is beyond 2^53 - 1", at);
  return number;
}

function refuse(what: string, at: number): InstructBlipError {
  return protocolError(`${what}, byte ${at}`, "header");
}
