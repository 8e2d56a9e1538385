/** The typed array that holds a tensor's elements, by dtype. Halves are kept as their 16 bits. */
export interface TypedArrays {
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** An element type; the names are PyTorch's. */
export type DType = keyof TypedArrays;

/** The typed array that holds elements of dtype `D`. */
export type TypedArrayOf<D extends DType> = TypedArrays[D];

interface TypedArrayConstructor<D extends DType> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArrayOf<D>;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArrayOf<D>;
}

/** The typed array class of every dtype. */
export const ARRAY_TYPES: { readonly [D in DType]: TypedArrayConstructor<D> } = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** How a dtype is written in a message's header. */
export const WIRE_CODES = {
  float32: "f32",
  float16: "f16",
  bfloat16: "bf16",
  int64: "i64",
  int32: "i32",
  int8: "i8",
  uint8: "u8",
  bool: "bool",
} as const satisfies Record<DType, string>;

/** A dtype as a message's header names it. */
export type WireCode = (typeof WIRE_CODES)[DType];

const BY_WIRE_CODE = new Map<string, DType>(
  Object.entries(WIRE_CODES).map(([dtype, code]) => [code, dtype as DType]),
);

/** The dtype with that wire code, or undefined. */
export function dtypeByWireCode(code: string): DType | undefined {
  return BY_WIRE_CODE.get(code);
}

/** Whether a value is one of the dtypes' names. */
export function isDType(value: unknown): value is DType {
  return typeof value === "string" && Object.hasOwn(WIRE_CODES, value);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return ARRAY_TYPES[dtype].BYTES_PER_ELEMENT;
}
