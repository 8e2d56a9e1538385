import { invalidArgument } from "../errors/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { AnyInputs, Op, PreparedInputs, RankInputs, TensorInputs } from "./request.ts";

const HASH = /^[0-9a-f]{64}$/;
/** Answers in one request: each is a row of the language model. */
const MOST_CANDIDATES = 1024;

/**
 * Checks what a request's `prepare` made: a message that the other side cannot read is lost with every request
 * in it.
 *
 * @returns the bytes it takes
 * @throws INVALID_ARGUMENT naming the field
 */
export function checkInputs(op: Op, inputs: AnyInputs): number {
  switch (op) {
    case "generate":
      return questionSize(inputs as PreparedInputs);
    case "rank":
      return questionSize(inputs as RankInputs) + candidatesSize(inputs as RankInputs);
    default:
      return tensorsSize(inputs as TensorInputs);
  }
}

function questionSize({ image, inputIds, qformerInputIds }: PreparedInputs): number {
  const { hash, tensor } = image;
  if (typeof hash !== "string" || !HASH.test(hash)) {
    throw invalidArgument("image.hash", "64 hexadecimal digits in lower case", hash);
  }
  if (!ArrayBuffer.isView(tensor?.data)) throw invalidArgument("image.tensor", "a Tensor", tensor);
  return tensor.data.byteLength + size("inputIds", inputIds) + size("qformerInputIds", qformerInputIds);
}

function candidatesSize({ candidates }: RankInputs): number {
  if (!Array.isArray(candidates) || candidates.length === 0 || candidates.length > MOST_CANDIDATES) {
    throw invalidArgument("candidates", `1 to ${MOST_CANDIDATES} of them`, candidates);
  }
  return candidates.reduce((sum: number, ids, i) => {
    const path = `candidates[${i}]`;
    if (size(path, ids) === 0) throw invalidArgument(path, "at least one token", ids);
    return sum + ids.byteLength;
  }, 0);
}

function tensorsSize(inputs: TensorInputs): number {
  return Object.entries(inputs).reduce((sum, [name, tensor]) => {
    if (!(tensor instanceof Tensor)) throw invalidArgument(name, "a Tensor", tensor);
    return sum + tensor.bytes().byteLength;
  }, 0);
}

function size(path: string, ids: Int32Array): number {
  if (!(ids instanceof Int32Array)) throw invalidArgument(path, "an Int32Array of token ids", ids);
  return ids.byteLength;
}
