import type { KindName } from "./kinds.ts";
import { LARGE_HEADER_KINDS, LIMITS } from "./limits.ts";
import { protocolError } from "./protocol-error.ts";

const LARGE: ReadonlySet<string> = new Set(LARGE_HEADER_KINDS);

/** @throws PROTOCOL when a header or the tensors of a message are over their limits */
export function checkSizes(kind: KindName, headerBytes: number, tensorFrames: readonly Uint8Array[]): void {
  const limit = LARGE.has(kind) ? LIMITS.largeHeaderBytes : LIMITS.headerBytes;
  if (headerBytes > limit) {
    throw protocolError(`a header of ${kind} has at most ${limit} bytes, not ${headerBytes}`, "header");
  }
  const tensorBytes = tensorFrames.reduce((sum, frame) => sum + frame.byteLength, 0);
  if (tensorBytes > LIMITS.tensorBytes) {
    throw protocolError(`tensors have at most ${LIMITS.tensorBytes} bytes, not ${tensorBytes}`, "tensors");
  }
}
