import { createHash, webcrypto } from "node:crypto";
import type { PreparedImage } from "../engine/index.ts";
import { contentHash } from "../protocol/index.ts";

/** Below this, hashing on the spot is quicker than handing the bytes to a thread. @unit bytes */
const ON_THE_SPOT = 256 * 1024;

/** SHA-256 as 64 hexadecimal digits; large inputs are hashed off the event loop. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength <= ON_THE_SPOT) return createHash("sha256").update(bytes).digest("hex");
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toString(
    "hex",
  );
}

/** The picture as a worker knows it: its tensor under the protocol's content hash. */
export function hashedImage(tensor: PreparedImage["tensor"]): PreparedImage {
  return { hash: contentHash(tensor), tensor };
}
