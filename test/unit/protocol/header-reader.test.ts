import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { readHeader } from "../../../ts-client/src/protocol/header-reader.ts";

const packr = new Packr({ useRecords: false, variableMapSize: true });

const key = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text !== "__proto__");

/** Values a header may hold, four containers deep at most. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("map"),
  ),
  map: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));

describe("readHeader", () => {
  it("reads what msgpackr writes", () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true }), (header) => {
        expect(readHeader(packr.pack(header))).toStrictEqual(header);
      }),
      { seed: 7, numRuns: 1000 },
    );
  });

  it("refuses any other bytes with PROTOCOL and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const refusal = refusalOf(Buffer.concat([Buffer.of(0x84), bytes]));
        if (refusal === undefined) return;
        expect(refusal).toBeInstanceOf(InstructBlipError);
        expect(refusal).toMatchObject({ code: "PROTOCOL", path: "header" });
      }),
      { seed: 7, numRuns: 5000 },
    );
  });

  it("says what it refused and where", () => {
    expect(() => readHeader(Buffer.from("81a161c0", "hex"))).toThrow("nil has no place in a header, byte 3");
  });

  it("keeps a byte order mark, however long the text", () => {
    for (const length of [1, 30, 100, 1000]) {
      const text = `\ufeff${"\u00e9".repeat(length)}`;
      expect(readHeader(packr.pack({ text }))).toEqual({ text });
    }
  });

  it("leaves every object's prototype alone", () => {
    const proto = Buffer.concat([
      Buffer.of(0x81, 0xa9),
      Buffer.from("__proto__"),
      packr.pack({ polluted: true }),
    ]);
    expect(() => readHeader(proto)).toThrow("__proto__");
    const header = readHeader(packr.pack({ constructor: { prototype: { polluted: true } } }));
    expect(Object.keys(header)).toEqual(["constructor"]);
    expect("polluted" in {}).toBe(false);
  });

  it("does not keep the bytes it read", () => {
    const bytes = packr.pack({ text: "before" });
    const header = readHeader(bytes);
    bytes.fill(0);
    expect(header).toEqual({ text: "before" });
  });
});

function refusalOf(bytes: Uint8Array): unknown {
  try {
    readHeader(bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}
