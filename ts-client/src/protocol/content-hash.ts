import { createHash } from "node:crypto";
import { type Tensor, WIRE_CODES } from "../tensor/index.ts";

/**
 * The name of a picture's content: SHA-256 over `<dtype>:<sizes joined by x>`, a newline, and the raw bytes, as
 * 64 hexadecimal digits.
 */
export function contentHash(tensor: Tensor): string {
  return createHash("sha256")
    .update(`${WIRE_CODES[tensor.dtype]}:${tensor.shape.join("x")}\n`)
    .update(tensor.bytes())
    .digest("hex");
}
