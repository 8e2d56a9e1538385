import { Tensor } from "../../../../ts-client/src/tensor/index.ts";

/** float32 of that shape, filled with a value. */
export function floats(shape: readonly number[], value = 0): Tensor<"float32"> {
  return new Tensor("float32", shape, new Float32Array(count(shape)).fill(value));
}

/** int64 of that shape, filled with a value. */
export function ids(shape: readonly number[], value = 1): Tensor<"int64"> {
  return new Tensor("int64", shape, new BigInt64Array(count(shape)).fill(BigInt(value)));
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
