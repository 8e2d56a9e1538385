import { describe, expect, it } from "vitest";
import { readHeader } from "../../../ts-client/src/protocol/header-reader.ts";
import { writeHeader } from "../../../ts-client/src/protocol/header-writer.ts";

describe("writeHeader", () => {
  it("leaves out what is undefined, at every depth", () => {
    const header = { a: undefined, b: 1, c: { d: undefined, e: [{ f: undefined, g: 2 }] } };
    expect(readHeader(writeHeader(header))).toStrictEqual({ b: 1, c: { e: [{ g: 2 }] } });
  });

  it("replaces lone surrogates, in text and in keys", () => {
    const header = {
      text: "a\ud800b",
      long: "\udc00".repeat(100),
      list: ["\ud83d\ude42\ud83d"],
      "k\ud800": 1,
    };
    expect(readHeader(writeHeader(header))).toStrictEqual({
      text: "a\ufffdb",
      long: "\ufffd".repeat(100),
      list: ["\u{1f642}\ufffd"],
      "k\ufffd": 1,
    });
  });

  it.each([
    ["NaN", { a: Number.NaN }],
    ["infinity", { a: [Number.POSITIVE_INFINITY] }],
    ["null", { a: null }],
    ["a typed array", { a: new Float32Array(2) }],
    ["a date", { a: new Date(0) }],
    ["a bigint beyond 2^53", { a: 2n ** 60n }],
    ["an undefined within an array", { a: [undefined] }],
    ["a key of 49 bytes", { ["k".repeat(49)]: 1 }],
    ["nine levels", { a: [[[[[[[[1]]]]]]]] }],
  ])("refuses %s", (_, header) => {
    expect(() => writeHeader(header)).toThrow();
  });

  it("writes each header into memory of its own", () => {
    const first = writeHeader({ text: "first" });
    const copy = Uint8Array.from(first);
    for (let i = 0; i < 100; i++) writeHeader({ text: "another".repeat(i) });
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(first.byteLength);
  });
});
