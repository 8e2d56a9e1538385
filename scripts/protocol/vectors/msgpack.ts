/** Bytes to be put into a header as they are, for what no encoder would write. */
export class Raw {
  readonly bytes: Buffer;

  constructor(hex: string) {
    this.bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  }
}

/** What {@link pack} can write: JSON without null, and raw bytes anywhere. */
export type Packable =
  | string
  | number
  | boolean
  | Raw
  | readonly Packable[]
  | PackableMap
  | { readonly [key: string]: Packable };

/** A map whose keys need not be text, nor distinct. */
export class PackableMap {
  readonly entries: ReadonlyArray<readonly [Packable, Packable]>;

  constructor(entries: ReadonlyArray<readonly [Packable, Packable]>) {
    this.entries = entries;
  }
}

/** Raw bytes given as hexadecimal digits. */
export const raw = (hex: string) => new Raw(hex);

/** A map from entries. */
export const map = (...entries: ReadonlyArray<readonly [Packable, Packable]>) => new PackableMap(entries);

/** msgpack in its shortest form, written apart from the library under test. */
export function pack(value: Packable): Buffer {
  if (value instanceof Raw) return value.bytes;
  if (typeof value === "boolean") return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number") return packNumber(value);
  if (typeof value === "string") return packText(value);
  if (Array.isArray(value)) {
    const head = lengthHead(value.length, 0x90, 15, [undefined, 0xdc, 0xdd]);
    return Buffer.concat([head, ...value.map(pack)]);
  }
  const entries = value instanceof PackableMap ? value.entries : Object.entries(value as object);
  const head = lengthHead(entries.length, 0x80, 15, [undefined, 0xde, 0xdf]);
  return Buffer.concat([head, ...entries.flatMap(([key, entry]) => [pack(key), pack(entry)])]);
}

/** A whole number in 9 bytes, signed or not, whatever its size. */
export function int64(value: bigint, signed = true): Raw {
  const bytes = Buffer.alloc(8);
  if (signed) bytes.writeBigInt64BE(value);
  else bytes.writeBigUInt64BE(value);
  return new Raw(`${signed ? "d3" : "cf"}${bytes.toString("hex")}`);
}

/** A number as float64, whole or not. */
export function float64(value: number): Raw {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return new Raw(`cb${bytes.toString("hex")}`);
}

/** A number as float32. */
export function float32(value: number): Raw {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return new Raw(`ca${bytes.toString("hex")}`);
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([lengthHead(bytes.length, 0xa0, 31, [0xd9, 0xda, 0xdb]), bytes]);
}

function packNumber(value: number): Buffer {
  if (!Number.isSafeInteger(value)) return float64(value).bytes;
  if (value >= 0 && value < 0x80) return Buffer.of(value);
  if (value < 0 && value >= -0x20) return Buffer.of(value + 0x100);
  for (const [token, width, limit] of [
    [0xcc, 1, 2 ** 8],
    [0xcd, 2, 2 ** 16],
    [0xce, 4, 2 ** 32],
  ] as const) {
    const fits = value >= 0 ? value < limit : value >= -limit / 2;
    if (!fits) continue;
    const bytes = Buffer.alloc(1 + width);
    bytes[0] = value >= 0 ? token : token + 4;
    if (value >= 0) bytes.writeUIntBE(value, 1, width);
    else bytes.writeIntBE(value, 1, width);
    return bytes;
  }
  return int64(BigInt(value), value < 0).bytes;
}

function lengthHead(
  length: number,
  fixed: number,
  fixedMax: number,
  [one, two, four]: readonly [number | undefined, number, number],
): Buffer {
  if (length <= fixedMax) return Buffer.of(fixed | length);
  if (one !== undefined && length < 0x100) return Buffer.of(one, length);
  if (length < 0x10000) return Buffer.of(two, length >> 8, length & 0xff);
  const head = Buffer.alloc(5);
  head[0] = four;
  head.writeUInt32BE(length, 1);
  return head;
}
