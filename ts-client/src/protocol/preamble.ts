import { KINDS, type KindName, kindByCode } from "./kinds.ts";
import { protocolError } from "./protocol-error.ts";
import { PROTOCOL_MAJOR } from "./version.ts";

const LENGTH = 8;
const MAGIC = [0x49, 0x42, 0x57] as const;
const IGNORABLE = 0x01;

/** What frame 0 says; no kind when the message is of an unknown kind and may be ignored. */
export interface Preamble {
  readonly kind: KindName | undefined;
  /** How many tensor frames follow the header. */
  readonly tensors: number;
}

/** Frame 0: `"IBW"`, major version, kind, flags, number of tensors, 0. */
export function writePreamble(kind: KindName, tensors: number): Uint8Array {
  return Uint8Array.of(...MAGIC, PROTOCOL_MAJOR, KINDS[kind].code, 0, tensors, 0);
}

/** @throws PROTOCOL */
export function readPreamble(frame: Uint8Array | undefined): Preamble {
  if (frame === undefined) throw protocolError("a message has at least two frames, but none came", "frames");
  if (frame.length !== LENGTH || MAGIC.some((byte, i) => frame[i] !== byte)) {
    throw protocolError('the first frame must be 8 bytes that start with "IBW"', "preamble.magic");
  }
  const [major = 0, code = 0, flags = 0, tensors = 0, reserved = 0] = frame.subarray(MAGIC.length);
  if (major !== PROTOCOL_MAJOR) {
    throw protocolError(`this side speaks version ${PROTOCOL_MAJOR}, the peer ${major}`, "preamble.major");
  }
  if ((flags & ~IGNORABLE) !== 0 || reserved !== 0) {
    throw protocolError("reserved bits must be 0", "preamble.reserved");
  }
  const kind = kindByCode(code);
  if (kind === undefined && (flags & IGNORABLE) === 0) {
    throw protocolError(`there is no kind 0x${code.toString(16).padStart(2, "0")}`, "preamble.kind");
  }
  return { kind, tensors };
}
