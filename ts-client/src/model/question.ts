import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { readSize } from "../image/config.ts";
import type { ImageInput, PictureSize } from "../image/index.ts";
import { flag } from "./forward/choose-outputs.ts";
import { checkImage } from "./image-preparation.ts";

/** A question about a picture. */
export interface Question {
  /** JPEG, PNG, WebP or GIF bytes, or decoded samples; read a file with `loadImage`. */
  readonly image: ImageInput;
  /** The question or instruction. @default "" */
  readonly prompt?: string;
  /** Which deployment. @default the only one */
  readonly modelId?: string;
  /** The size to give the picture; other sizes than the model's need `interpolatePosEncoding`. @default the checkpoint's */
  readonly size?: PictureSize;
  /** Whether the picture may have another size than the model's; its position embeddings are interpolated. @default false */
  readonly interpolatePosEncoding?: boolean;
}

/** A question that was checked. */
export interface CheckedQuestion {
  readonly image: ImageInput;
  readonly prompt: string;
  readonly modelId: string | undefined;
  readonly size: PictureSize | undefined;
  readonly interpolate: boolean;
}

/** The names of a question's fields. */
export const QUESTION_FIELDS = [
  "image",
  "prompt",
  "modelId",
  "size",
  "interpolatePosEncoding",
] as const satisfies (keyof Question)[];

/**
 * Takes the question out of a request's fields, and checks what can be checked without reading the picture.
 *
 * @throws INVALID_ARGUMENT naming the field
 */
export function takeQuestion(fields: Readonly<Record<string, unknown>>): {
  question: CheckedQuestion;
  rest: Record<string, unknown>;
} {
  const { image, prompt = "", modelId, size, interpolatePosEncoding, ...rest } = fields;
  if (image === undefined && ("images" in rest || "text" in rest)) {
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      "A question has one `image` and one `prompt`; several go to `askMany` or `askAll`.",
      { path: "image" },
    );
  }
  checkImage(image);
  if (typeof prompt !== "string")
    throw invalidArgument("prompt", "a string", prompt, "Several go to `askMany` or `askAll`.");
  if (modelId !== undefined && (typeof modelId !== "string" || modelId === "")) {
    throw invalidArgument("modelId", "a deployment's name", modelId);
  }
  const question = {
    image,
    prompt,
    modelId,
    size: size === undefined ? undefined : readSize(size, "size"),
    interpolate: flag("interpolatePosEncoding", interpolatePosEncoding) ?? false,
  };
  return { question, rest };
}
