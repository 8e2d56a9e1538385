import type { PreparedInputs, Request, WireGenerateOptions } from "../../ts-client/src/index.ts";
import { Tensor } from "../../ts-client/src/index.ts";
import { contentHash } from "../../ts-client/src/protocol/index.ts";

/** A picture of one colour, 8 × 8. */
export function flatPicture(value = 128): PreparedInputs["image"] {
  const tensor = new Tensor("uint8", [8, 8, 3], new Uint8Array(8 * 8 * 3).fill(value));
  return { hash: contentHash(tensor), tensor };
}

interface RawOptions {
  readonly options?: Partial<WireGenerateOptions>;
  readonly stream?: boolean;
  readonly modelId?: string;
  readonly picture?: number;
  readonly prepare?: Request<"generate">["prepare"];
}

/** A request without a processor: the scripted engine answers with its input ids, over and over. */
export function rawRequest(ids: readonly number[], raw: RawOptions = {}): Request<"generate"> {
  const { options, stream = false, modelId, picture, prepare } = raw;
  return {
    op: "generate",
    options: { max_new_tokens: 8, ...options },
    stream,
    ...(modelId === undefined ? {} : { modelId }),
    prepare:
      prepare ??
      (async () => ({
        image: flatPicture(picture),
        inputIds: Int32Array.from(ids),
        qformerInputIds: Int32Array.from([1, 2]),
      })),
  };
}

/** A script for workers without a model; see `py-worker/instructblip_worker/scripted/`. */
export function scripted(script: object): string {
  return `scripted:${JSON.stringify(script)}`;
}
