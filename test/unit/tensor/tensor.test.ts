import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  bfloat16ToNumber,
  dtypeByWireCode,
  float16ToNumber,
  isDType,
  Tensor,
  WIRE_CODES,
} from "../../../ts-client/src/tensor/index.ts";

const matrix = () => new Tensor("int32", [2, 3], new Int32Array([1, 2, 3, 4, 5, 6]));

describe("Tensor", () => {
  it("gives nested arrays", () => {
    expect(matrix().toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(new Tensor("float32", [], new Float32Array([0.5])).toArray()).toBe(0.5);
    expect(new Tensor("uint8", [2, 0], new Uint8Array()).toArray()).toEqual([[], []]);
  });

  it("decodes halves, bool and int64 as JavaScript values", () => {
    expect(new Tensor("float16", [1], Uint16Array.of(0x3c00)).toArray()).toEqual([1]);
    expect(new Tensor("bfloat16", [1], Uint16Array.of(0xbf80)).toArray()).toEqual([-1]);
    expect(new Tensor("bool", [2], Uint8Array.of(0, 1)).toArray()).toEqual([false, true]);
    expect(new Tensor("int64", [2], BigInt64Array.of(7n, 2n ** 60n)).toArray()).toEqual([7, 2n ** 60n]);
  });

  it("views its memory, and copies bytes only when they are not aligned", () => {
    const tensor = matrix();
    const aligned = Tensor.fromBytes("int32", [2, 3], tensor.bytes());
    expect(aligned.data.buffer).toBe(tensor.data.buffer);

    const shifted = new Uint8Array(25);
    shifted.set(tensor.bytes(), 1);
    const copied = Tensor.fromBytes("int32", [2, 3], shifted.subarray(1));
    expect(copied.data.buffer).not.toBe(shifted.buffer);
    expect(copied.toArray()).toEqual(tensor.toArray());
  });

  it("slices without copying", () => {
    const tensor = matrix();
    const row = tensor.slice(-1);
    expect(row.toArray()).toEqual([4, 5, 6]);
    expect(row.data.buffer).toBe(tensor.data.buffer);
    expect(tensor.at(1, 0).item()).toBe(4);
    expect(tensor.at()).toBe(tensor);
  });

  it("slices ranges without copying, cut to what there is", () => {
    const tensor = new Tensor(
      "int32",
      [4, 2],
      Int32Array.from({ length: 8 }, (_, i) => i),
    );
    expect(tensor.slice(1, 3).toArray()).toEqual([
      [2, 3],
      [4, 5],
    ]);
    expect(tensor.slice(1, 3).data.buffer).toBe(tensor.data.buffer);
    const shapes = [tensor.slice(-1, Infinity), tensor.slice(-9, 9), tensor.slice(3, 1), tensor.slice(0, -1)];
    expect(shapes.map(({ shape }) => shape)).toEqual([
      [1, 2],
      [4, 2],
      [0, 2],
      [3, 2],
    ]);
  });

  it("slices as arrays do", () => {
    const bounds = fc.integer({ min: -8, max: 8 });
    fc.assert(
      fc.property(fc.int32Array({ maxLength: 5 }), bounds, bounds, (data, start, end) => {
        const tensor = new Tensor("int32", [data.length], data);
        expect(tensor.slice(start, end).toArray()).toEqual([...data.slice(start, end)]);
      }),
    );
  });

  it("selects along any dimension, as a view where it can", () => {
    const tensor = new Tensor(
      "int32",
      [2, 3, 2],
      Int32Array.from({ length: 12 }, (_, i) => i),
    );
    expect(tensor.select(1, -1).toArray()).toEqual([
      [4, 5],
      [10, 11],
    ]);
    expect(tensor.select(-1, 0).toArray()).toEqual([
      [0, 2, 4],
      [6, 8, 10],
    ]);
    expect(tensor.select(0, 1).toArray()).toEqual(tensor.slice(1).toArray());
    expect(tensor.select(0, 1).data.buffer).toBe(tensor.data.buffer);
    expect(tensor.slice(0, 1).select(1, 2).data.buffer).toBe(tensor.data.buffer);
    expect(tensor.unbind().map((row) => row.toArray())).toEqual(tensor.toArray());
    expect(new Tensor("int32", [0, 3], new Int32Array()).select(1, 0).shape).toEqual([0]);
  });

  it("takes another shape without copying", () => {
    const tensor = matrix();
    expect(tensor.reshape(3, -1).toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(tensor.reshape(-1).data).toBe(tensor.data);
    expect(new Tensor("int32", [1], Int32Array.of(7)).reshape().item()).toBe(7);
    expect(new Tensor("int32", [0, 3], new Int32Array()).reshape(0).shape).toEqual([0]);
  });

  it("finds the largest along a dimension", () => {
    const data = Float32Array.of(0, 5, 1, 7, 2, 7);
    const tensor = new Tensor("float32", [2, 3], data);
    const ids = tensor.argmax(-1);
    expectTypeOf(ids).toEqualTypeOf<Tensor<"int64">>();
    expect([ids.dtype, ids.shape, ids.toArray()]).toEqual(["int64", [2], [1, 0]]);
    expect(tensor.argmax(0).toArray()).toEqual([1, 0, 1]);
    expect(tensor.to("bfloat16").argmax(1).toArray()).toEqual([1, 0]);
    expect(tensor.reshape(1, 2, 3).argmax(1).toArray()).toEqual([[1, 0, 1]]);
    expect(new Tensor("float32", [0, 3], new Float32Array()).argmax(-1).shape).toEqual([0]);
    const nan = new Tensor("float32", [1, 3], Float32Array.of(9, Number.NaN, Number.NaN));
    expect(nan.argmax(-1).toArray()).toEqual([1]);
  });

  it("finds the first of the largest elements, and NaN before any number", () => {
    expect(new Tensor("float32", [4], Float32Array.of(1, 3, 3, 2)).argmax()).toBe(1);
    expect(new Tensor("float32", [3], Float32Array.of(1, Number.NaN, 9)).argmax()).toBe(1);
    expect(new Tensor("float16", [2], Uint16Array.of(0xc000, 0x3c00)).argmax()).toBe(1);
    expect(new Tensor("int64", [2], BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n)).argmax()).toBe(1);
  });

  it.each([
    ["a shape that does not fit the data", () => new Tensor("int32", [2], new Int32Array(3)), "`data`"],
    ["another typed array", () => new Tensor("int32", [2], new Int8Array(2) as never), "Int32Array"],
    ["a negative size", () => new Tensor("uint8", [-1], new Uint8Array()), "`shape`"],
    ["an unknown dtype", () => new Tensor("f8" as "uint8", [1], new Uint8Array(1)), "`dtype`"],
    ["too few bytes", () => Tensor.fromBytes("float32", [2], new Uint8Array(7)), "8 bytes"],
    ["an index past the end", () => matrix().slice(2), "from -2 to 1"],
    ["an index into a scalar", () => matrix().at(0, 0, 0), "scalar"],
    ["an axis past the end", () => matrix().argmax(2), "from -2 to 1"],
    [
      "the argmax along nothing",
      () => new Tensor("uint8", [2, 0], new Uint8Array()).argmax(1),
      "at least one",
    ],
    ["half an entry", () => matrix().slice(0, 1.5), "`end`"],
    ["a selection past the end", () => matrix().select(1, 3), "from -3 to 2"],
    ["the entries of a scalar", () => matrix().at(0, 0).unbind(), "one dimension"],
    ["a shape of other elements", () => matrix().reshape(4, -1), "6 elements together"],
    ["a shape that is open twice", () => matrix().reshape(-1, -1), "6 elements together"],
    ["an unknown dtype to convert to", () => matrix().to("float64" as "int8"), "`dtype`"],
    [
      "a number too large for its dtype",
      () => new Tensor("int32", [2], Int32Array.of(1, 128)).to("int8"),
      "data[1]",
    ],
    [
      "NaN as a whole number",
      () => new Tensor("float32", [], Float32Array.of(Number.NaN)).to("int64"),
      "data[0]",
    ],
    ["an item of many elements", () => matrix().item(), "one element"],
    ["the argmax of nothing", () => new Tensor("uint8", [0], new Uint8Array()).argmax(), "at least one"],
  ])("refuses %s", (_, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(build).toThrow(message);
  });
});

describe("to", () => {
  const floats = Float32Array.of(0, -1.75, 2.5, 65504, Number.NEGATIVE_INFINITY, Number.NaN, 1 + 2 ** -12);
  const tensor = new Tensor("float32", [floats.length], floats);

  it("keeps what a dtype can hold, and rounds to nearest", () => {
    expect(tensor.to("float32")).toBe(tensor);
    expect(tensor.to("float16").toArray()).toEqual([0, -1.75, 2.5, 65504, -Infinity, Number.NaN, 1]);
    expect(tensor.to("bfloat16").to("float32").toArray()).toEqual(tensor.to("bfloat16").toArray());
    expect(tensor.to("float16").to("bfloat16").toArray()).toEqual(tensor.to("bfloat16").toArray());
    expect(tensor.to("bool").toArray()).toEqual([false, true, true, true, true, true, true]);
    expectTypeOf(tensor.to("float16")).toEqualTypeOf<Tensor<"float16">>();
  });

  it("makes every half a float32 exactly", () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    for (const [dtype, decode] of [
      ["float16", float16ToNumber],
      ["bfloat16", bfloat16ToNumber],
    ] as const) {
      const values = new Tensor(dtype, [bits.length], bits).to("float32").data;
      expect(values.every((value, i) => Object.is(value, decode(i)))).toBe(true);
    }
  });

  it("makes fractions whole towards zero, and keeps whole numbers as they are", () => {
    const halves = new Tensor("float32", [4], Float32Array.of(-1.75, 1.75, -0.5, 127.9));
    expect(halves.to("int8").toArray()).toEqual([-1, 1, 0, 127]);
    expect(halves.to("int64").data).toEqual(BigInt64Array.of(-1n, 1n, 0n, 127n));
    const wide = new Tensor("int64", [2], BigInt64Array.of(2n ** 31n - 1n, -1n));
    expect(wide.to("int32").toArray()).toEqual([2 ** 31 - 1, -1]);
    expect(wide.to("float32").toArray()).toEqual([2 ** 31, -1]);
    expect(wide.to("bool").to("int64").data).toEqual(BigInt64Array.of(1n, 1n));
  });
});

describe("dtypes", () => {
  it("come back from their wire codes", () => {
    for (const [dtype, code] of Object.entries(WIRE_CODES)) expect(dtypeByWireCode(code)).toBe(dtype);
    expect(dtypeByWireCode("f64")).toBeUndefined();
    expect(isDType("float64")).toBe(false);
  });
});
