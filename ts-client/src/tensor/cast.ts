import { invalidArgument } from "../errors/index.ts";
import { ARRAY_TYPES, type DType, type TypedArrayOf } from "./dtype.ts";
import { halvesToFloat32, numbersToHalves } from "./half.ts";

/** Whole numbers from the first to the last that a dtype holds. */
const RANGES = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-128n, 127n],
  uint8: [0n, 255n],
} as const;

type Whole = keyof typeof RANGES;

/**
 * Elements as another dtype: exact where it can hold them, otherwise rounded to the nearest of its numbers, ties
 * to even. Fractions become whole towards zero, and everything but 0 becomes true, as in PyTorch.
 *
 * @throws INVALID_ARGUMENT for a number that no whole number of the dtype is near to
 */
export function cast<T extends DType>(from: DType, data: TypedArrayOf<DType>, to: T): TypedArrayOf<T> {
  const dtype: DType = to;
  const values = isHalf(from) ? halvesToFloat32(from, data as Uint16Array) : data;
  return convert(values, dtype) as TypedArrayOf<T>;
}

function convert(values: TypedArrayOf<DType>, to: DType): TypedArrayOf<DType> {
  if (isHalf(to)) return numbersToHalves(to, toFloat32(values));
  if (to === "float32") return toFloat32(values);
  if (to === "bool") {
    const numbers = values as Iterable<number | bigint> & ArrayLike<number | bigint>;
    return Uint8Array.from(numbers, (value) => Number(value !== 0 && value !== 0n));
  }
  return toWhole(values, to);
}

function toFloat32(values: TypedArrayOf<DType>): Float32Array {
  if (values instanceof Float32Array) return values;
  if (!(values instanceof BigInt64Array)) return new Float32Array(values);
  const floats = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) floats[i] = Number(values[i]);
  return floats;
}

function toWhole(values: TypedArrayOf<DType>, to: Whole): TypedArrayOf<DType> {
  const [first, last] = RANGES[to];
  const result = new ARRAY_TYPES[to](values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    const whole =
      typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
    if (whole === undefined || whole < first || whole > last) {
      throw invalidArgument(`data[${i}]`, `a number that ${to} can hold, ${first} to ${last}`, value);
    }
    result[i] = to === "int64" ? whole : Number(whole);
  }
  return result;
}

function isHalf(dtype: DType): dtype is "float16" | "bfloat16" {
  return dtype === "float16" || dtype === "bfloat16";
}
