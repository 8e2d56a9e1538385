import { KINDS, type KindName } from "../../../ts-client/src/protocol/index.ts";
import type { Json } from "../canonical.ts";
import { type FrameText, frameText } from "./frame-text.ts";
import { type Packable, pack } from "./msgpack.ts";

/** Frames that a reader has to accept, and what it must read. */
export interface AcceptVector {
  readonly name: string;
  /** Absent when the message is to be ignored. */
  readonly kind?: KindName;
  readonly frames: readonly FrameText[];
  /** The header without `tensors` and without unknown fields. */
  readonly header?: Json;
  /** Their elements are the frames from the third on. */
  readonly tensors?: readonly TensorText[];
}

/** Frames that a reader has to refuse, and where the first fault is. */
export interface RejectVector {
  readonly name: string;
  readonly frames: readonly FrameText[];
  readonly path: string;
}

export interface TensorText {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor of a hand-written case. */
export interface TensorCase extends TensorText {
  readonly data: Uint8Array;
}

/** A message of a hand-written case; `header` is written as it is, with `tensors` added where there are some. */
export interface MessageCase {
  readonly kind: KindName;
  readonly header: { readonly [key: string]: Packable };
  readonly tensors?: readonly TensorCase[];
}

/** Frame 0, right or wrong. */
export function preamble(code: number, tensors = 0, flags = 0): Buffer {
  return Buffer.of(0x49, 0x42, 0x57, 1, code, flags, tensors, 0);
}

/** The frames of a message. */
export function framesOf({ kind, header, tensors }: MessageCase): Uint8Array[] {
  const specs = tensors?.map(({ dtype, shape, data }) => ({ dtype, shape, bytes: data.length }));
  const complete = specs === undefined ? header : { ...header, tensors: specs };
  return [
    preamble(KINDS[kind].code, tensors?.length ?? 0),
    pack(complete),
    ...(tensors ?? []).map(({ data }) => data),
  ];
}

/** The vector of a message that is right; `read` is the header a reader sees when it is not the one written. */
export function accept(name: string, message: MessageCase, read?: Json): AcceptVector {
  return {
    name,
    kind: message.kind,
    frames: framesOf(message).map(frameText),
    header: read ?? (message.header as Json),
    ...(message.tensors && { tensors: message.tensors.map(({ dtype, shape }) => ({ dtype, shape })) }),
  };
}

/** The vector of a message that is wrong at `path`. */
export function reject(name: string, frames: readonly Uint8Array[], path: string): RejectVector {
  return { name, frames: frames.map((frame) => frameText(frame)), path };
}

/** A header of so many bytes, filled up with an unknown field. */
export function padTo(bytes: number, header: { readonly [key: string]: Packable }): Buffer {
  const padded = (length: number) => pack({ ...header, pad: "p".repeat(length) });
  // The text's length takes 3 bytes instead of 1.
  return padded(bytes - padded(0).length - 2);
}
