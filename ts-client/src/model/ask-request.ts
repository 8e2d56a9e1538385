import type { CallOptions, WireGenerateOptions } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { readSize } from "../image/config.ts";
import type { ImageInput, PictureSize } from "../image/index.ts";
import { CALL_OPTIONS, takeCallOptions } from "./call-options.ts";
import { flag } from "./forward/choose-outputs.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { ASK_MAX_NEW_TOKENS, toWireOptions } from "./generation-options.ts";
import { checkImage } from "./image-preparation.ts";

/** A question about a picture, with how it is to be answered. */
export interface AskRequest extends GenerateOptions, CallOptions {
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
export interface CheckedRequest {
  readonly image: ImageInput;
  readonly prompt: string;
  readonly modelId: string | undefined;
  readonly size: PictureSize | undefined;
  readonly interpolate: boolean;
  readonly call: CallOptions;
  readonly options: WireGenerateOptions;
}

const NAMES = ["image", "prompt", "modelId", "size", "interpolatePosEncoding", ...Object.keys(CALL_OPTIONS)];

/**
 * Checks everything about a question that can be checked without reading its picture.
 *
 * @throws INVALID_ARGUMENT, UNSUPPORTED
 */
export function checkRequest(request: AskRequest, stream: boolean): CheckedRequest {
  if (typeof request !== "object" || request === null) {
    throw invalidArgument("request", "an object with `image` and `prompt`", request);
  }
  const { call, rest } = takeCallOptions(request);
  const { image, prompt = "", modelId, size, interpolatePosEncoding, ...options } = rest;
  if (image === undefined && ("images" in options || "text" in options)) {
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      "A question has one `image` and one `prompt`; several go to `askMany`.",
      { path: "image" },
    );
  }
  checkImage(image);
  if (typeof prompt !== "string")
    throw invalidArgument("prompt", "a string", prompt, "Several go to `askMany`.");
  if (modelId !== undefined && (typeof modelId !== "string" || modelId === "")) {
    throw invalidArgument("modelId", "a deployment's name", modelId);
  }
  return {
    image,
    prompt,
    modelId,
    size: size === undefined ? undefined : readSize(size, "size"),
    interpolate: flag("interpolatePosEncoding", interpolatePosEncoding) ?? false,
    call,
    options: toWireOptions(options, { maxNewTokens: ASK_MAX_NEW_TOKENS, stream, otherNames: NAMES }),
  };
}
