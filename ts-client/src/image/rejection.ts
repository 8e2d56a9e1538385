import { InstructBlipError } from "../errors/index.ts";

/** The error for a picture that is not accepted. The reason is a phrase: `it is an SVG drawing`. */
export function imageRejected(reason: string, cause?: unknown): InstructBlipError {
  return new InstructBlipError("IMAGE_REJECTED", `The picture was refused: ${reason}.`, {
    path: "images",
    ...(cause === undefined ? {} : { cause }),
  });
}
