import type { Tensor } from "../tensor/index.ts";
import type { KindName } from "./kinds.ts";
import { protocolError } from "./protocol-error.ts";
import type { HeaderOf } from "./schema/index.ts";

/** A message: its kind, its header, and its tensors (none for most kinds). */
export type Message = {
  [K in KindName]: {
    readonly kind: K;
    readonly header: HeaderOf<K>;
    readonly tensors: readonly Tensor[];
  };
}[KindName];

/** The message of one kind. */
export type MessageOf<K extends KindName> = Extract<Message, { kind: K }>;

/**
 * The tensor a header's field names by its position.
 *
 * @throws PROTOCOL when there is no such tensor
 */
export function tensorOf(message: Pick<Message, "tensors">, index: number): Tensor {
  const tensor = message.tensors[index];
  if (tensor === undefined) {
    throw protocolError(`there is no tensor ${index}; ${message.tensors.length} came`, "tensors");
  }
  return tensor;
}
