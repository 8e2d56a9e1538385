import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToNumber,
  float16ToNumber,
  halvesToFloat32,
  numbersToHalves,
  numberToBfloat16,
  numberToFloat16,
} from "../../../ts-client/src/tensor/index.ts";

const FORMATS = [
  { name: "float16", decode: float16ToNumber, encode: numberToFloat16 },
  { name: "bfloat16", decode: bfloat16ToNumber, encode: numberToBfloat16 },
] as const;

describe.each(FORMATS)("$name", ({ name, decode, encode }) => {
  it("keeps each of its 65,536 bit patterns, but for the payload of NaN", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = decode(bits);
      if (Number.isNaN(value)) expect(decode(encode(value))).toBeNaN();
      else if (encode(value) !== bits) expect.fail(`0x${bits.toString(16)} came back as ${encode(value)}`);
    }
  });

  it("rounds to the nearest value, ties to the even one", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const bits = encode(value);
        const error = Math.abs(decode(bits) - value);
        if (!Number.isFinite(decode(bits))) return;
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = Math.abs(decode(neighbour & 0xffff) - value);
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(other);
          if (other === error) expect(bits % 2).toBe(0);
        }
      }),
    );
  });

  it("keeps the sign of zero and the infinities", () => {
    expect(Object.is(decode(encode(-0)), -0)).toBe(true);
    expect(decode(encode(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY);
  });

  it("converts whole arrays as it does single values", () => {
    const values = [0, 1.5, -2.25, 1e-7, 65504];
    const bits = numbersToHalves(name, values);
    expect([...halvesToFloat32(name, bits)]).toEqual(values.map((v) => Math.fround(decode(encode(v)))));
  });
});

describe("known bit patterns", () => {
  it.each([
    [1, 0x3c00, 0x3f80],
    [-2, 0xc000, 0xc000],
    [65504, 0x7bff, 0x4780],
    [65520, 0x7c00, 0x4780],
    [2 ** -24, 0x0001, 0x3380],
    [2 ** -25, 0x0000, 0x3300],
    [3 * 2 ** -25, 0x0002, 0x33c0],
    [2 ** -14 - 2 ** -25, 0x0400, 0x3880],
  ])("%d", (value, half, brain) => {
    expect(numberToFloat16(value)).toBe(half);
    expect(numberToBfloat16(value)).toBe(brain);
  });
});
