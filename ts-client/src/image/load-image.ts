import { open } from "node:fs/promises";
import { InstructBlipError } from "../errors/index.ts";
import { IMAGE_LIMITS } from "./limits.ts";
import { imageError, Refusal } from "./refusal.ts";

/**
 * Reads a picture's file. The only way by which a path becomes a picture: inputs are never taken for paths.
 *
 * @example
 * const image = await loadImage("kitchen.jpg");
 * @throws INVALID_ARGUMENT when the file cannot be read, IMAGE_REJECTED when it is over 32 MiB
 */
export async function loadImage(path: string | URL): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > IMAGE_LIMITS.bytes) {
      throw new Refusal(`it has ${size} bytes; the limit is ${IMAGE_LIMITS.bytes} bytes`);
    }
    return await file.readFile();
  } catch (error) {
    if (error instanceof Refusal) throw imageError(error, "path");
    const reason = error instanceof Error ? error.message : String(error);
    throw new InstructBlipError("INVALID_ARGUMENT", `The picture's file cannot be read: ${reason}.`, {
      path: "path",
      cause: error,
    });
  }
}
