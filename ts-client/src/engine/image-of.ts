import type { AnyInputs, PreparedImage } from "./request.ts";

/** The picture among a request's inputs; a forward pass has tensors only. */
export function imageOf(inputs: AnyInputs | undefined): PreparedImage | undefined {
  return inputs !== undefined && "image" in inputs && "hash" in inputs.image
    ? (inputs.image as PreparedImage)
    : undefined;
}
