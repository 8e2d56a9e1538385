import { LRUCache } from "lru-cache";
import type { PreparedImage } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { type DecodedImage, IMAGE_LIMITS, type ImageInput, type PictureSize } from "../image/index.ts";
import type { InstructBlipProcessor } from "../processor/index.ts";
import { hashedImage, sha256 } from "./content-hash.ts";
import { SharedWork } from "./shared-work.ts";

/** Prepared pictures that are kept, 150 KB each at 224×224. @unit bytes */
const CACHE_BYTES = 16 * 1024 * 1024;

/**
 * Prepares pictures once: several questions about one picture, asked together or soon after another, decode
 * and resize it a single time. Pictures are known by their content, so a buffer that is filled anew is a new
 * picture.
 */
export class ImagePreparation {
  readonly #done = new LRUCache<string, PreparedImage>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ tensor }) => Math.max(1, tensor.bytes().byteLength),
  });
  readonly #running = new Map<string, SharedWork<PreparedImage>>();

  /**
   * @param image - the picture as it was given
   * @param processor - the one that prepares it
   * @param settings - a name for the processor's settings, and the size if it is not theirs: pictures prepared otherwise
   *   are other pictures
   * @throws IMAGE_REJECTED when it cannot be decoded or is over a limit
   */
  async prepare(
    image: ImageInput,
    processor: Pick<InstructBlipProcessor, "prepareImage">,
    { hash, size }: { readonly hash: string; readonly size: PictureSize | undefined },
    signal: AbortSignal,
  ): Promise<PreparedImage> {
    const prepare = async (until: AbortSignal) =>
      hashedImage(
        await processor.prepareImage(image, { signal: until, ...(size !== undefined && { size }) }),
      );
    // What is over the limit is refused by the processor; it is not worth a hash.
    if (byteLength(image) > IMAGE_LIMITS.bytes) return prepare(signal);
    const key = `${hash}:${JSON.stringify(size)}:${await contentKey(image)}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const running = this.#running.get(key);
    if (running !== undefined && !running.abandoned) return running.wait(signal);
    const work = new SharedWork(async (shared) => {
      try {
        const prepared = await prepare(shared);
        this.#done.set(key, prepared);
        return prepared;
      } finally {
        if (this.#running.get(key) === work) this.#running.delete(key);
      }
    });
    this.#running.set(key, work);
    return work.wait(signal);
  }
}

/** Refuses at once what is no picture, above all a path. @throws INVALID_ARGUMENT */
export function checkImage(image: unknown): asserts image is ImageInput {
  const isBytes = image instanceof Uint8Array || image instanceof ArrayBuffer || image instanceof Blob;
  if (isBytes || isDecoded(image)) return;
  const remedy =
    typeof image === "string" || image instanceof URL
      ? "Read a file with `await loadImage(path)`, and download an address yourself."
      : undefined;
  const expected =
    "a picture: a Uint8Array, ArrayBuffer or Blob of a file, or { data, width, height, channels }";
  throw invalidArgument("image", expected, image, remedy);
}

function isDecoded(image: unknown): image is DecodedImage {
  return (
    typeof image === "object" && image !== null && "data" in image && "width" in image && "height" in image
  );
}

function byteLength(image: ImageInput): number {
  if (image instanceof Blob) return image.size;
  return "data" in image ? image.data.byteLength : image.byteLength;
}

async function contentKey(image: ImageInput): Promise<string> {
  if (image instanceof Uint8Array) return sha256(image);
  if (image instanceof ArrayBuffer) return sha256(new Uint8Array(image));
  if (image instanceof Blob) return sha256(new Uint8Array(await image.arrayBuffer()));
  const { data, width, height, channels } = image;
  return `${width}x${height}x${channels}:${await sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`;
}
