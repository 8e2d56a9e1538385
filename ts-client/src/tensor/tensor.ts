import { invalidArgument } from "../errors/index.ts";
import { argmaxAlong } from "./argmax.ts";
import { bound, indexOf } from "./bounds.ts";
import { cast } from "./cast.ts";
import { ARRAY_TYPES, bytesPerElement, type DType, isDType, type TypedArrayOf } from "./dtype.ts";
import { bfloat16ToNumber, float16ToNumber } from "./half.ts";

/** One element as a JavaScript value: int64 outside the safe integers stays a bigint, bool is a boolean. */
export type TensorValue<D extends DType = DType> = D extends "int64"
  ? number | bigint
  : D extends "bool"
    ? boolean
    : number;

/** Elements as nested arrays; a scalar is the value itself. */
export type NestedArray<V = TensorValue> = V | readonly NestedArray<V>[];

/**
 * A dense array in row-major order. `data` holds the elements as they travel on the wire (little-endian);
 * `slice` and `at` are views of the same memory.
 *
 * @example
 * const t = new Tensor("int64", [2, 3], new BigInt64Array(6));
 * console.log(t.slice(1).shape); // [ 3 ]
 */
export class Tensor<D extends DType = DType> {
  /** The type of the elements. */
  readonly dtype: D;
  /** Sizes of the dimensions, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** The elements: halves as their 16 bits, booleans as bytes. */
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
  toArray(): NestedArray<TensorValue<D>> {
    const build = (axis: number, from: number): NestedArray<TensorValue<D>> => {
      const length = this.shape[axis];
      if (length === undefined) return this.#value(from);
      const stride = this.#stride(axis);
      return Array.from({ length }, (_, i) => build(axis + 1, from + i * stride));
    };
    return build(0, 0);
  }

  /**
   * A view of the first dimension, not a copy: `slice(2)` is entry 2 (Python's `t[2]`), `slice(2, 5)` are the
   * entries from 2 to before 5 (`t[2:5]`). Negative numbers count from the end; a range is cut to what there is.
   */
  slice(index: number): Tensor<D>;
  slice(start: number, end: number): Tensor<D>;
  slice(start: number, end?: number): Tensor<D> {
    const [length, ...rest] = this.shape;
    if (length === undefined) throw invalidArgument("index", "left out: the tensor is a scalar", start);
    const stride = this.#stride(0);
    const view = (shape: readonly number[], from: number, to: number) =>
      new Tensor(this.dtype, shape, this.data.subarray(from * stride, to * stride) as TypedArrayOf<D>);
    if (end === undefined) {
      const index = indexOf(start, length, "index");
      return view(rest, index, index + 1);
    }
    const [from, to] = [bound(start, length, "start"), bound(end, length, "end")];
    return view([Math.max(to - from, 0), ...rest], from, Math.max(from, to));
  }

  /** The view at one index for each leading dimension: `t.at(1, 2)` is `t.slice(1).slice(2)`. */
  at(...indices: readonly number[]): Tensor<D> {
    return indices.reduce<Tensor<D>>((tensor, index) => tensor.slice(index), this);
  }

  /** The entries of the first dimension, as views: `for (const row of logits.unbind())`. */
  unbind(): Tensor<D>[] {
    const [length] = this.shape;
    if (length === undefined) throw invalidArgument("tensor", "of one dimension at least", "a scalar");
    return Array.from({ length }, (_, i) => this.slice(i));
  }

  /**
   * One entry along a dimension, which the result has not: `logits.select(1, -1)` are the last logits of each
   * row. A view where all dimensions before are of size 1, otherwise a copy.
   */
  select(axis: number, index: number): Tensor<D> {
    const at = indexOf(axis, this.shape.length, "axis");
    const shape = this.shape.filter((_, i) => i !== at);
    const length = this.shape[at] as number;
    const stride = this.#stride(at);
    const outer = this.size === 0 ? 0 : this.size / (length * stride);
    const from = indexOf(index, length, "index") * stride;
    const { data } = this;
    if (outer === 1)
      return new Tensor(this.dtype, shape, data.subarray(from, from + stride) as TypedArrayOf<D>);
    const copy = new ARRAY_TYPES[this.dtype](outer * stride);
    for (let row = 0; row < outer; row++) {
      const start = row * length * stride + from;
      // Both are of this tensor's dtype.
      copy.set(data.subarray(start, start + stride) as never, row * stride);
    }
    return new Tensor(this.dtype, shape, copy);
  }

  /** The same elements in another shape, as a view; one size may be -1, which is then the one that fits. */
  reshape(...shape: readonly number[]): Tensor<D> {
    const rest = shape.reduce((product, n) => (n === -1 ? product : product * n), 1);
    const open = shape.filter((n) => n === -1).length;
    const sizes = shape.map((n) => (n === -1 && open === 1 && rest > 0 ? this.size / rest : n));
    if (
      !sizes.every((n) => Number.isInteger(n) && n >= 0) ||
      sizes.reduce((a, b) => a * b, 1) !== this.size
    ) {
      throw invalidArgument("shape", `sizes of ${this.size} elements together`, `[${shape.join(", ")}]`);
    }
    return new Tensor(this.dtype, sizes, this.data);
  }

  /**
   * The elements as another dtype: `logits.to("float32")`. Halves become float32 exactly; float32 becomes the
   * nearest half, ties to even; fractions become whole towards zero. The same dtype gives the tensor itself.
   *
   * @throws INVALID_ARGUMENT for a number too large for a whole dtype, or NaN
   */
  to<T extends DType>(dtype: T): Tensor<T> {
    if (!isDType(dtype))
      throw invalidArgument("dtype", `one of ${Object.keys(ARRAY_TYPES).join(", ")}`, dtype);
    // A dtype that is equal is of the same type.
    if (dtype === (this.dtype as DType)) return this as unknown as Tensor<T>;
    return new Tensor(dtype, this.shape, cast(this.dtype, this.data, dtype));
  }

  /** The only element of a tensor that has one. */
  item(): TensorValue<D> {
    if (this.size !== 1) throw invalidArgument("tensor", "of one element", this.size);
    return this.#value(0);
  }

  /**
   * Where the largest element is: the first of equals; NaN counts as largest, as in PyTorch. Without an axis its
   * position in `data`; along an axis, which the result has not, int64: `logits.argmax(-1)` are token ids.
   *
   * @example
   * const logits = new Tensor("float32", [2, 3], Float32Array.of(0, 5, 1, 7, 2, 2));
   * console.log(logits.argmax(-1).toArray()); // [ 1, 0 ]
   */
  argmax(): number;
  argmax(axis: number): Tensor<"int64">;
  argmax(axis?: number): number | Tensor<"int64"> {
    const at = axis === undefined ? undefined : indexOf(axis, this.shape.length, "axis");
    const shape = at === undefined ? [] : this.shape.filter((_, i) => i !== at);
    const length = at === undefined ? this.size : (this.shape[at] as number);
    if (length === 0) throw invalidArgument("tensor", "of at least one element", 0);
    const inner = at === undefined ? 1 : this.#stride(at);
    const outer = this.size === 0 ? 0 : this.size / (length * inner);
    const isHalf = this.dtype === "float16" || this.dtype === "bfloat16";
    const indices = argmaxAlong(isHalf ? this.to("float32").data : this.data, outer, length, inner);
    return at === undefined ? Number(indices[0]) : new Tensor("int64", shape, indices);
  }

  #stride(axis: number): number {
    return this.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  }

  #value(index: number): TensorValue<D> {
    // The dtype decides which kind of value it is.
    return this.#read(index) as TensorValue<D>;
  }

  #read(index: number): TensorValue {
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
