import { LRUCache } from "lru-cache";
import type { PreparedImage } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { contentHash } from "../protocol/index.ts";
import { Tensor } from "../tensor/index.ts";

/** Bytes of pictures a daemon keeps for all its clients. */
const CACHE_BYTES = 256 * 1024 * 1024;

/** Pictures by content hash: clients need not send twice what a daemon has. */
export class PictureCache {
  readonly #pictures = new LRUCache<string, PreparedImage>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ tensor }) => Math.max(1, tensor.bytes().byteLength),
  });

  get(hash: string): PreparedImage | undefined {
    return this.#pictures.get(hash);
  }

  /**
   * Takes a picture in under the hash the sender says it has.
   *
   * @throws INVALID_ARGUMENT when it has another: everybody who asks for that hash would get the wrong picture
   */
  add(hash: string, tensor: Tensor): PreparedImage {
    if (!isPicture(tensor)) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        "A picture must be uint8 [height, width, 3] or float32 [3, height, width], " +
          `but ${tensor.dtype} [${tensor.shape.join(", ")}] was sent.`,
        { path: "image" },
      );
    }
    if (contentHash(tensor) !== hash) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        "The picture does not have the hash it was sent with.",
        {
          path: "image.hash",
        },
      );
    }
    // A copy: the message's frame would stay in memory for as long as the cache keeps the view.
    const bytes = Uint8Array.from(tensor.bytes());
    const image: PreparedImage = {
      hash,
      tensor: Tensor.fromBytes(tensor.dtype, tensor.shape, bytes) as typeof tensor,
    };
    this.#pictures.set(hash, image);
    return image;
  }
}

function isPicture(tensor: Tensor): tensor is Tensor<"uint8"> | Tensor<"float32"> {
  const { dtype, shape } = tensor;
  if (shape.length !== 3) return false;
  return (dtype === "uint8" && shape[2] === 3) || (dtype === "float32" && shape[0] === 3);
}
