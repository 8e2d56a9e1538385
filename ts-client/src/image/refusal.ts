import { InstructBlipError } from "../errors/index.ts";

/** Why a picture is not accepted: thrown inside this room, and turned into an error where the picture's name is known. */
export class Refusal extends Error {
  /** @param reason - a phrase after "the picture was refused:", such as `it is an SVG drawing` */
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
  }
}

/** The public error for a refusal; any other error as it is. */
export function imageError(error: unknown, path: string): unknown {
  if (!(error instanceof Refusal)) return error;
  return new InstructBlipError("IMAGE_REJECTED", `\`${path}\` was refused: ${error.message}.`, {
    path,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}
