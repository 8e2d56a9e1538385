import { KINDS } from "../../../ts-client/src/protocol/index.ts";
import { float32, float64, int64, map, type Packable, pack, raw } from "./msgpack.ts";
import { preamble, type RejectVector, reject } from "./vector.ts";

/** A BEAT with these bytes as its header. */
function beat(name: string, header: Packable): RejectVector {
  return reject(name, [preamble(KINDS.BEAT.code), pack(header)], "header");
}

/** A value that has no place in a header: in a known field, in an unknown one, and deep in one. */
function anywhere(name: string, value: Packable): RejectVector[] {
  return [
    beat(`${name}, in a known field`, map(["seq", value])),
    beat(`${name}, in an unknown field`, map(["seq", 1], ["later", value])),
    beat(`${name}, within an array`, map(["seq", 1], ["later", [1, { a: value }]])),
  ];
}

/** What is wrong with a header's bytes, whatever its schema. */
export function headerFaults(): RejectVector[] {
  return [...types(), ...numbers(), ...keys(), ...texts(), ...bombs(), ...ends()];
}

function types(): RejectVector[] {
  return [
    ...anywhere("nil", raw("c0")),
    ...anywhere("the reserved byte", raw("c1")),
    ...anywhere("binary with a 1-byte length", raw("c40101")),
    ...anywhere("binary with a 2-byte length", raw("c5000101")),
    ...anywhere("binary with a 4-byte length", raw("c60000000101")),
    ...anywhere("an extension with a 1-byte length", raw("c7010501")),
    beat("an extension with a 2-byte length", map(["seq", raw("c800010501")])),
    beat("an extension with a 4-byte length", map(["seq", raw("c9000000010501")])),
    beat("an extension of 1 byte: undefined, as msgpackr writes it", map(["seq", 1], ["rss", raw("d40000")])),
    beat("an extension of 2 bytes", map(["seq", raw("d5050101")])),
    beat("an extension of 4 bytes: a timestamp", map(["seq", raw("d6ff00000000")])),
    beat("an extension of 8 bytes: a timestamp", map(["seq", raw("d7ff0000000000000000")])),
    beat("an extension of 16 bytes", map(["seq", raw(`d805${"00".repeat(16)}`)])),
    beat("a record's definition, as msgpackr writes it", raw("d4724091a3736571 05")),
    beat("a record's definition in a field", map(["seq", 1], ["later", raw("d4724091a161 05")])),
    beat("an extension as a key", map(["seq", 1], [raw("d40001"), 1])),
  ];
}

function numbers(): RejectVector[] {
  return [
    ...anywhere("NaN", raw("cb7ff8000000000000")),
    ...anywhere("infinity", raw("cb7ff0000000000000")),
    ...anywhere("minus infinity", raw("cbfff0000000000000")),
    beat("another NaN", map(["seq", raw("cbfff0000000000001")])),
    beat("NaN as float32", map(["seq", raw("ca7fc00000")])),
    beat("infinity as float32", map(["seq", float32(Number.POSITIVE_INFINITY)])),
    ...anywhere("2^53", int64(2n ** 53n, false)),
    ...anywhere("-2^53", int64(-(2n ** 53n))),
    beat("2^53, signed", map(["seq", int64(2n ** 53n)])),
    beat("the largest unsigned 64 bits", map(["seq", int64(2n ** 64n - 1n, false)])),
    beat("the largest signed 64 bits", map(["seq", int64(2n ** 63n - 1n)])),
    beat("the smallest signed 64 bits", map(["seq", int64(-(2n ** 63n))])),
  ];
}

function keys(): RejectVector[] {
  return [
    beat("an integer as a key", map(["seq", 1], [5, 1])),
    beat("a negative integer as a key", map(["seq", 1], [-1, 1])),
    beat("nil as a key", map(["seq", 1], [raw("c0"), 1])),
    beat("true as a key", map(["seq", 1], [true, 1])),
    beat("a float as a key", map(["seq", 1], [float64(1.5), 1])),
    beat("an array as a key", map(["seq", 1], [["a"], 1])),
    beat("a map as a key", map(["seq", 1], [{ a: 1 }, 1])),
    beat("binary as a key", map(["seq", 1], [raw("c40161"), 1])),
    beat("an integer as a key, deeper", map(["seq", 1], ["later", [map([5, 1])]])),
    beat("a key twice", map(["seq", 1], ["seq", 1])),
    beat("a key twice with other values", map(["seq", 1], ["seq", "x"])),
    beat("an unknown key twice", map(["seq", 1], ["later", 1], ["later", 2])),
    beat("a key twice, written in two ways", map(["seq", 1], [raw("d903736571"), 1])),
    beat("a key twice, deeper", map(["seq", 1], ["later", [map(["a", 1], ["b", 1], ["a", 1])]])),
    beat("an empty key twice", map(["seq", 1], ["", 1], ["", 1])),
    beat("an inherited name twice", map(["seq", 1], ["constructor", 1], ["constructor", 1])),
    beat("__proto__ as a key", map(["seq", 1], ["__proto__", { seq: 2 }])),
    beat(
      "__proto__ as a key, deeper",
      map(["seq", 1], ["later", { a: map(["__proto__", { polluted: true }]) }]),
    ),
    beat("a key of 49 bytes", map(["seq", 1], ["k".repeat(49), 1])),
    beat("a key of 49 bytes, deeper", map(["seq", 1], ["later", map(["k".repeat(49), 1])])),
    beat("a key of 25 letters and 50 bytes", map(["seq", 1], ["\u00e9".repeat(25), 1])),
    beat("a key of 70,000 bytes, as it says", raw("81db00011170 61")),
  ];
}

function texts(): RejectVector[] {
  const faults: ReadonlyArray<readonly [string, string]> = [
    ["a byte that continues nothing", "80"],
    ["a lead byte before a letter", "c328"],
    ["a lead byte at the end", "c3"],
    ["two of three bytes", "e282"],
    ["three of four bytes", "f09f98"],
    ["an overlong slash", "c0af"],
    ["an overlong zero", "c080"],
    ["an overlong three-byte form", "e08080"],
    ["an overlong four-byte form", "f0808080"],
    ["half of a surrogate pair", "eda080"],
    ["both halves of a surrogate pair", "eda0bdedb880"],
    ["a code point beyond the last", "f4908080"],
    ["a lead byte that never is", "f8"],
    ["0xff", "ff"],
  ];
  return faults.flatMap(([name, hex]) => {
    const text = raw(`${(0xa0 + hex.length / 2).toString(16)}${hex}`);
    return [
      beat(`UTF-8: ${name}`, map(["seq", 1], ["later", text])),
      beat(`UTF-8 in a key: ${name}`, map(["seq", 1], [text, 1])),
    ];
  });
}

function bombs(): RejectVector[] {
  const later = (hex: string) => map(["seq", 1], ["later", raw(hex)]);
  const deep = (open: string, levels: number, inner = "01") => raw(open.repeat(levels) + inner);
  return [
    beat("an array that claims 2^32 - 1 entries", later("ddffffffff")),
    beat("a map that claims 2^32 - 1 entries", later("dfffffffff")),
    beat("text that claims 2^32 - 1 bytes", later("dbffffffff")),
    beat("an array that claims 65,535 entries", later("dcffff")),
    beat("a map that claims 65,535 entries", later("deffff")),
    beat("text that claims 65,535 bytes", later("daffff")),
    beat("a header that claims 2^32 - 1 entries", raw("dfffffffff a3736571 01")),
    beat("an array within arrays that each claim 65,535 entries", later("dcffff".repeat(6))),
    beat("maps and arrays 9 deep", map(["seq", 1], ["later", deep("91", 8)])),
    beat("maps 9 deep", map(["seq", 1], ["later", deep("81a161", 8)])),
    beat("arrays 9 deep, the last one empty", map(["seq", 1], ["later", deep("91", 7, "90")])),
    beat("arrays 60,000 deep", map(["seq", 1], ["later", deep("91", 60_000)])),
    beat("maps 15,000 deep", map(["seq", 1], ["later", deep("81a161", 15_000)])),
    beat("arrays 60,000 deep in place of a header", deep("91", 60_000)),
    beat("4,097 entries in an array", later(`dc0fff${"01".repeat(4095)}`)),
    beat("4,097 entries over several arrays", later(`94${`dc03ff${"01".repeat(1023)}`.repeat(4)}`)),
    beat("4,097 entries, most of them keys", raw(`de1001${manyKeys(4097)}`)),
  ];
}

/** So many map entries with keys of three letters. */
function manyKeys(count: number): string {
  const digit = (n: number) => (0x61 + n).toString(16);
  return Array.from({ length: count }, (_, i) => {
    return `a3${digit(Math.floor(i / 676) % 26)}${digit(Math.floor(i / 26) % 26)}${digit(i % 26)}01`;
  }).join("");
}

function ends(): RejectVector[] {
  const whole = pack({ seq: 300, running: [], gil_lag_ms: float64(0.5) });
  const cuts = Array.from({ length: whole.length }, (_, length) =>
    beat(`cut off after ${length} bytes`, raw(whole.subarray(0, length).toString("hex"))),
  );
  return [
    ...cuts,
    beat("cut off in a float32", map(["seq", raw("ca3f80")])),
    beat("cut off in 64 bits", map(["seq", raw("cf0000")])),
    beat("cut off in an array's length", map(["seq", 1], ["later", raw("dd0000")])),
    beat("cut off in a map's length", map(["seq", 1], ["later", raw("de00")])),
    beat("cut off in a text's length", map(["seq", 1], ["later", raw("da00")])),
    beat("a byte behind the end", raw("81a373657101 00")),
    beat("nil behind the end", raw("81a373657101 c0")),
    beat("a second map behind the end", raw("81a373657101 81a373657101")),
    beat("an array for a header", [1]),
    beat("a number for a header", 1),
    beat("text for a header", "seq"),
    beat("true for a header", true),
    beat("nil for a header", raw("c0")),
    beat("an extension for a header", raw("d40001")),
    beat("binary for a header", raw("c40181")),
  ];
}
