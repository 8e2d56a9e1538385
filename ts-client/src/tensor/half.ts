const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The number a bfloat16 stands for: it is the upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  word[0] = bits << 16;
  return float[0] as number;
}

/** The nearest bfloat16, ties to even; NaN stays NaN. */
export function numberToBfloat16(value: number): number {
  float[0] = value;
  const bits = word[0] as number;
  if (Number.isNaN(value)) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The number an IEEE 754 binary16 stands for. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest IEEE 754 binary16 of a value as float32, ties to even; too large becomes infinity. */
export function numberToFloat16(value: number): number {
  float[0] = value;
  const bits = word[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round past the largest binary16, 65504.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 the result is a multiple of 2^-24: scaling to an integer rounds it.
  if (magnitude < 0x38800000) return sign | roundTiesToEven(Math.abs(float[0] as number) * 2 ** 24);
  const rebased = magnitude - 0x38000000;
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

/** Every float16 or bfloat16 of an array as float32, exact. */
export function halvesToFloat32(dtype: "float16" | "bfloat16", halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  if (dtype === "bfloat16") {
    for (let i = 0; i < halves.length; i++) words[i] = (halves[i] as number) << 16;
  } else {
    float16Words ??= makeFloat16Words();
    for (let i = 0; i < halves.length; i++) words[i] = float16Words[halves[i] as number] as number;
  }
  return new Float32Array(words.buffer);
}

/** The float32 of every float16, as bits: a hidden state has tens of millions. */
let float16Words: Uint32Array | undefined;

function makeFloat16Words(): Uint32Array {
  const values = Float32Array.from({ length: 0x10000 }, (_, bits) => float16ToNumber(bits));
  return new Uint32Array(values.buffer);
}

/** Every number of an array as the nearest float16 or bfloat16. */
export function numbersToHalves(dtype: "float16" | "bfloat16", values: ArrayLike<number>): Uint16Array {
  const encode = dtype === "float16" ? numberToFloat16 : numberToBfloat16;
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = encode(values[i] as number);
  return halves;
}

function roundTiesToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
