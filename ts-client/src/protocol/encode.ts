import { InstructBlipError } from "../errors/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { writeHeader } from "./header-writer.ts";
import type { KindName } from "./kinds.ts";
import { LIMITS } from "./limits.ts";
import { writePreamble } from "./preamble.ts";
import type { HeaderOf } from "./schema/index.ts";
import { checkSizes } from "./sizes.ts";
import { carriesTensors, tensorSpec } from "./tensor-frames.ts";

/** A header to be sent: `tensors` is filled in from the tensors themselves. */
export type OutgoingHeader<K extends KindName> = Omit<HeaderOf<K>, "tensors">;

/**
 * The frames of a message. Tensor frames are views of the tensors' memory, which must not change before they
 * are sent; the other frames are new.
 *
 * @throws PAYLOAD_TOO_LARGE when the message is over a size limit
 * @throws INVALID_ARGUMENT when it holds what the wire cannot
 */
export function encodeMessage<K extends KindName>(
  kind: K,
  header: OutgoingHeader<K>,
  tensors: readonly Tensor[] = [],
): Uint8Array[] {
  if (!carriesTensors(kind) && tensors.length > 0) {
    throw invalid(`${kind} carries no tensors, but ${tensors.length} were given`, "tensors");
  }
  if (tensors.length > LIMITS.tensors) {
    throw tooLarge(`a message has at most ${LIMITS.tensors} tensors, not ${tensors.length}`, "tensors");
  }
  const deep = tensors.findIndex((tensor) => tensor.shape.length > LIMITS.rank);
  if (deep >= 0) throw invalid(`a tensor has at most ${LIMITS.rank} dimensions`, `tensors[${deep}]`);
  const complete = carriesTensors(kind) ? { ...header, tensors: tensors.map(tensorSpec) } : header;
  const body = refusedAs(invalid, () => writeHeader(complete));
  const raw = tensors.map((tensor) => tensor.bytes());
  refusedAs(tooLarge, () => checkSizes(kind, body.length, raw));
  return [writePreamble(kind, tensors.length), body, ...raw];
}

/** A message of our own that may not be sent is the caller's fault, not a peer's. */
function refusedAs<T>(failure: typeof invalid, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof InstructBlipError)) throw invalid(String(error), "header");
    throw failure(error.message, error.path ?? "header");
  }
}

function invalid(message: string, path: string): InstructBlipError {
  return new InstructBlipError("INVALID_ARGUMENT", `The message cannot be sent: ${message}.`, { path });
}

function tooLarge(message: string, path: string): InstructBlipError {
  return new InstructBlipError("PAYLOAD_TOO_LARGE", `The message cannot be sent: ${message}.`, { path });
}
