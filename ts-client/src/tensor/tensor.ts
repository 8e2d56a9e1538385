import { invalidArgument } from "../errors/index.ts";
import { ARRAY_TYPES, bytesPerElement, type DType, isDType, type TypedArrayOf } from "./dtype.ts";
import { bfloat16ToNumber, float16ToNumber } from "./half.ts";

/** One element as a JavaScript value: int64 outside the safe integers stays a bigint, bool is a boolean. */
export type TensorValue = number | bigint | boolean;

/** A tensor's elements as nested arrays; a scalar is the value itself. */
export type NestedArray = TensorValue | readonly NestedArray[];

/**
 * A dense array in row-major order. `data` holds the elements as they travel on the wire (little-endian);
 * `slice` and `at` are views of the same memory.
 *
 * @example
 * const t = new Tensor("int64", [2, 3], new BigInt64Array(6));
 * console.log(t.slice(1).shape); // [ 3 ]
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D;
  /** Sizes of the dimensions, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data!: TypedArrayOf<D>;

  /**
   * @param data - the elements, or a function that makes them when they are first looked at
   * @throws INVALID_ARGUMENT when dtype, shape and data do not belong together
   */
  constructor(dtype: D, shape: readonly number[], data: TypedArrayOf<D> | (() => TypedArrayOf<D>)) {
    const size = elementCount(dtype, shape);
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    if (typeof data === "function") {
      let made: TypedArrayOf<D> | undefined;
      const get = () => {
        made ??= checkData(dtype, shape, size, data());
        return made;
      };
      Object.defineProperty(this, "data", { get, enumerable: true });
    } else {
      this.data = checkData(dtype, shape, size, data);
    }
  }

  /** A tensor over `bytes` (little-endian, row-major): no copy when they are aligned for the dtype. */
  static fromBytes<D extends DType>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
    const size = elementCount(dtype, shape);
    const width = bytesPerElement(dtype);
    if (bytes.byteLength !== size * width) {
      throw invalidArgument(
        "bytes",
        `${size * width} bytes for ${dtype} [${shape.join(", ")}]`,
        bytes.byteLength,
      );
    }
    const aligned = bytes.byteOffset % width === 0 ? bytes : Uint8Array.from(bytes);
    const data = new ARRAY_TYPES[dtype](aligned.buffer, aligned.byteOffset, size);
    return new Tensor(dtype, shape, data);
  }

  /** How many elements there are. */
  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1);
  }

  /** The elements' memory, little-endian and row-major; not a copy. */
  bytes(): Uint8Array {
    return new Uint8Array(this.data.buffer, this.data.byteOffset, this.data.byteLength);
  }

  /** The elements as nested arrays: halves as numbers, int64 as numbers where they are safe integers. */
  toArray(): NestedArray {
    const build = (axis: number, from: number): NestedArray => {
      const length = this.shape[axis];
      if (length === undefined) return this.#value(from);
      const stride = this.#stride(axis);
      return Array.from({ length }, (_, i) => build(axis + 1, from + i * stride));
    };
    return build(0, 0);
  }

  /** Entry `index` of the first dimension, as a view; a negative index counts from the end. */
  slice(index: number): Tensor<D> {
    const [length, ...rest] = this.shape;
    if (length === undefined) throw invalidArgument("index", "left out: the tensor is a scalar", index);
    if (!Number.isInteger(index) || index < -length || index >= length) {
      throw invalidArgument("index", `an integer from ${-length} to ${length - 1}`, index);
    }
    const stride = this.#stride(0);
    const from = (index < 0 ? index + length : index) * stride;
    return new Tensor(this.dtype, rest, this.data.subarray(from, from + stride) as TypedArrayOf<D>);
  }

  /** The view at one index for each leading dimension: `t.at(1, 2)` is `t.slice(1).slice(2)`. */
  at(...indices: readonly number[]): Tensor<D> {
    return indices.reduce<Tensor<D>>((tensor, index) => tensor.slice(index), this);
  }

  /** The only element of a tensor that has one. */
  item(): TensorValue {
    if (this.size !== 1) throw invalidArgument("tensor", "of one element", this.size);
    return this.#value(0);
  }

  /** Position in `data` of the largest element, the first of equals; NaN counts as largest, as in PyTorch. */
  argmax(): number {
    const { size } = this;
    if (size === 0) throw invalidArgument("tensor", "of at least one element", 0);
    let best = 0;
    for (let i = 0; i < size; i++) {
      const value = this.#value(i);
      if (typeof value === "number" && Number.isNaN(value)) return i;
      if (value > this.#value(best)) best = i;
    }
    return best;
  }

  #stride(axis: number): number {
    return this.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  }

  #value(index: number): TensorValue {
    const raw = this.data[index] as number | bigint;
    if (typeof raw === "bigint") {
      const number = Number(raw);
      return Number.isSafeInteger(number) ? number : raw;
    }
    if (this.dtype === "float16") return float16ToNumber(raw);
    if (this.dtype === "bfloat16") return bfloat16ToNumber(raw);
    return this.dtype === "bool" ? raw !== 0 : raw;
  }
}

function checkData<D extends DType>(
  dtype: D,
  shape: readonly number[],
  size: number,
  data: TypedArrayOf<D>,
): TypedArrayOf<D> {
  if (!(data instanceof ARRAY_TYPES[dtype])) {
    throw invalidArgument("data", `a ${ARRAY_TYPES[dtype].name} for dtype ${dtype}`, data);
  }
  if (data.length !== size) {
    throw invalidArgument("data", `${size} elements for shape [${shape.join(", ")}]`, data.length);
  }
  return data;
}

function elementCount(dtype: DType, shape: readonly number[]): number {
  if (!isDType(dtype)) throw invalidArgument("dtype", `one of ${Object.keys(ARRAY_TYPES).join(", ")}`, dtype);
  const valid = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  const size = valid ? shape.reduce((product, n) => product * n, 1) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw invalidArgument("shape", "whole numbers from 0 up", shape);
  return size;
}
