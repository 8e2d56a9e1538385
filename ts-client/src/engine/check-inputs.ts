import { invalidArgument } from "../errors/index.ts";
import type { PreparedInputs } from "./request.ts";

const HASH = /^[0-9a-f]{64}$/;

/**
 * Checks what a request's `prepare` made: a message that the other side cannot read is lost with every request
 * in it.
 *
 * @returns the bytes it takes
 * @throws INVALID_ARGUMENT naming the field
 */
export function checkInputs({ image, inputIds, qformerInputIds }: PreparedInputs): number {
  const { hash, tensor } = image;
  if (typeof hash !== "string" || !HASH.test(hash)) {
    throw invalidArgument("image.hash", "64 hexadecimal digits in lower case", hash);
  }
  if (!ArrayBuffer.isView(tensor?.data)) throw invalidArgument("image.tensor", "a Tensor", tensor);
  return tensor.data.byteLength + size("inputIds", inputIds) + size("qformerInputIds", qformerInputIds);
}

function size(path: string, ids: Int32Array): number {
  if (!(ids instanceof Int32Array)) throw invalidArgument(path, "an Int32Array of token ids", ids);
  return ids.byteLength;
}
