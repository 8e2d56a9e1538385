import { invalidArgument } from "../errors/index.ts";
import { admit, type OptionalFormat, sizeProblem } from "./admission.ts";
import type { DecodedImage } from "./input.ts";
import { IMAGE_LIMITS } from "./limits.ts";
import type { PrepareTask } from "./prepare.ts";
import { Refusal } from "./refusal.ts";

/** A picture that has passed all checks that need no decoder. */
export interface AdmittedImage {
  readonly source: PrepareTask["source"];
  /** Width times height; undefined where only the decoder can tell. */
  readonly pixels: number | undefined;
}

/**
 * Checks a picture's type, kind and size.
 *
 * @param path - what the picture is called in an error, e.g. `images[2]`
 * @throws INVALID_ARGUMENT for a value that is no picture, Refusal for one that is not accepted
 */
export async function readInput(
  input: unknown,
  path: string,
  formats: readonly OptionalFormat[],
): Promise<AdmittedImage> {
  if (isDecoded(input)) return readDecoded(input, path);
  const bytes = await readBytes(input, path);
  const { format, size } = admit(bytes, formats);
  return { source: { bytes, format }, pixels: size === undefined ? undefined : size.width * size.height };
}

async function readBytes(input: unknown, path: string): Promise<Uint8Array> {
  if (input instanceof Uint8Array) return input;
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (input instanceof Blob) {
    if (input.size > IMAGE_LIMITS.bytes) {
      throw new Refusal(`it has ${input.size} bytes; the limit is ${IMAGE_LIMITS.bytes} bytes`);
    }
    return new Uint8Array(await input.arrayBuffer());
  }
  const remedy =
    typeof input === "string" || input instanceof URL
      ? "Read a file with `await loadImage(path)`, and download an address yourself."
      : undefined;
  const expected =
    "a picture: a Uint8Array, ArrayBuffer or Blob of a file, or { data, width, height, channels }";
  throw invalidArgument(path, expected, input, remedy);
}

function isDecoded(input: unknown): input is DecodedImage {
  return (
    typeof input === "object" && input !== null && "data" in input && "width" in input && "height" in input
  );
}

function readDecoded(image: DecodedImage, path: string): AdmittedImage {
  const { data, width, height, channels } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw invalidArgument(`${path}.data`, "a Uint8Array or Uint8ClampedArray", data);
  }
  for (const [name, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1) {
      throw invalidArgument(`${path}.${name}`, "a whole number from 1 up", value);
    }
  }
  if (![1, 2, 3, 4].includes(channels)) throw invalidArgument(`${path}.channels`, "1, 2, 3 or 4", channels);
  const problem = sizeProblem(width, height, false);
  if (problem !== undefined) throw new Refusal(problem);
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw invalidArgument(
      `${path}.data`,
      `${expected} samples for ${width}×${height}×${channels}`,
      data.length,
    );
  }
  return { source: { data, width, height, channels }, pixels: width * height };
}
