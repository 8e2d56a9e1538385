import { type Packable, pack, raw } from "../../scripts/protocol/vectors/msgpack.ts";
import { type HeaderValue, readHeader } from "../../ts-client/src/protocol/header-reader.ts";
import type { Random } from "./random.ts";

/** Bytes that mean something in msgpack: types that are refused, lengths, numbers that are not. */
const TOKENS = [
  "c0",
  "c1",
  "c2",
  "c40100",
  "ca7f800000",
  "cb3ff8000000000000",
  "cb4000000000000000",
  "cb7ff8000000000000",
  "cc80",
  "cf0020000000000000",
  "d0ff",
  "d3ffe0000000000000",
  "d40000",
  "d9ff",
  "dbffffffff",
  "dc0001",
  "ddffffffff",
  "de0001",
  "dfffffffff",
  "80",
  "90",
  "91",
  "a0",
  "a95f5f70726f746f5f5f",
  "a3eda080",
  "ff",
].map((hex) => Buffer.from(hex, "hex"));

/** Values that are right in some fields and wrong in others. */
const VALUES: readonly Packable[] = [
  0,
  1,
  -1,
  1.5,
  0.5,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53 - 1,
  raw("cb4000000000000000"),
  raw("c0"),
  true,
  "",
  "auto",
  "never",
  "a".repeat(48),
  "a".repeat(256),
  "a".repeat(257),
  "\u{1f642}".repeat(200),
  [],
  [1],
  [[1], 2],
  {},
  { kind: "folder", path: "/" },
];

/** The frames of a message, spoilt in one place or two: in its bytes or in its fields. */
export function mutated(
  frames: readonly Uint8Array[],
  donor: readonly Uint8Array[],
  random: Random,
): Uint8Array[] {
  const once = spoilt(frames, donor, random);
  return random.below(4) === 0 ? spoilt(once, donor, random) : once;
}

function spoilt(frames: readonly Uint8Array[], donor: readonly Uint8Array[], random: Random): Uint8Array[] {
  const choice = random.below(20);
  if (choice === 0) return shuffledFrames(frames, donor, random);
  if (choice === 1) return changedFrame(frames, random.below(frames.length), random);
  if (choice < 8) return changedFrame(frames, 1, random);
  return changedFields(frames, random);
}

/** One value of the header replaced, removed or added; as it was when no one can read it. */
function changedFields(frames: readonly Uint8Array[], random: Random): Uint8Array[] {
  const [, header] = frames;
  try {
    const fields = readHeader(header ?? new Uint8Array());
    return frames.toSpliced(1, 1, pack(changedValue(fields, random)));
  } catch {
    return [...frames];
  }
}

function changedValue(value: HeaderValue, random: Random): Packable {
  if (Array.isArray(value)) {
    if (value.length === 0 || random.below(4) === 0) return [...value, random.pick(VALUES)];
    const at = random.below(value.length);
    return random.below(4) === 0 ? value.toSpliced(at, 1) : value.with(at, changedValue(value[at], random));
  }
  if (typeof value !== "object") return random.pick(VALUES);
  const keys = Object.keys(value);
  const key = random.pick(keys);
  if (key === undefined || random.below(12) === 0) return { ...value, later: random.pick(VALUES) };
  const { [key]: chosen = 0, ...rest } = value as { readonly [key: string]: HeaderValue };
  if (random.below(8) === 0) return rest;
  return { ...rest, [key]: random.below(3) === 0 ? random.pick(VALUES) : changedValue(chosen, random) };
}

function shuffledFrames(
  frames: readonly Uint8Array[],
  donor: readonly Uint8Array[],
  random: Random,
): Uint8Array[] {
  const at = random.below(frames.length);
  switch (random.below(4)) {
    case 0:
      return frames.toSpliced(at, 1);
    case 1:
      return frames.toSpliced(at, 0, frames[at] ?? new Uint8Array());
    case 2:
      return frames.toSpliced(at, 1, donor[at] ?? new Uint8Array());
    default:
      return [...frames, ...donor.slice(2)];
  }
}

function changedFrame(frames: readonly Uint8Array[], index: number, random: Random): Uint8Array[] {
  const frame = frames[index];
  return frame === undefined ? [...frames] : frames.toSpliced(index, 1, changed(frame, random));
}

function changed(frame: Uint8Array, random: Random): Uint8Array {
  const at = random.below(frame.length);
  const until = Math.min(frame.length, at + 1 + random.below(8));
  switch (random.below(6)) {
    case 0:
      return replaced(frame, at, at + 1, Buffer.of((frame[at] ?? 0) ^ (1 << random.below(8))));
    case 1:
      return replaced(frame, at, at + 1, Buffer.of(random.below(256)));
    case 2:
      return replaced(frame, at, until, random.pick(TOKENS));
    case 3:
      return replaced(frame, at, at, random.pick(TOKENS));
    case 4:
      return replaced(frame, at, until, Buffer.alloc(0));
    default:
      return replaced(frame, at, at, frame.subarray(at, until));
  }
}

function replaced(frame: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  return Buffer.concat([frame.subarray(0, start), by, frame.subarray(end)]);
}
