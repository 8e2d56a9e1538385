import { describe, expect, it } from "vitest";
import { dtypeByWireCode, isDType, Tensor, WIRE_CODES } from "../../../ts-client/src/tensor/index.ts";

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
    ["an item of many elements", () => matrix().item(), "one element"],
    ["the argmax of nothing", () => new Tensor("uint8", [0], new Uint8Array()).argmax(), "at least one"],
  ])("refuses %s", (_, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(build).toThrow(message);
  });
});

describe("dtypes", () => {
  it("come back from their wire codes", () => {
    for (const [dtype, code] of Object.entries(WIRE_CODES)) expect(dtypeByWireCode(code)).toBe(dtype);
    expect(dtypeByWireCode("f64")).toBeUndefined();
    expect(isDType("float64")).toBe(false);
  });
});
