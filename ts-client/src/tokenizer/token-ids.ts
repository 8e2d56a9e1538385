import { type InstructBlipError, invalidArgument } from "../errors/index.ts";
import type { Tensor } from "../tensor/index.ts";

/** A tensor of token ids. */
export type IdTensor = Tensor<"int64"> | Tensor<"int32">;

/** A sequence of token ids. */
export type TokenIds = Iterable<number | bigint> | IdTensor;

/** Several sequences of token ids; a single id is a sequence of its own. */
export type TokenSequences = Iterable<number | bigint | TokenIds> | IdTensor;

/** The ids of one sequence, or of a single token. @throws INVALID_ARGUMENT for anything else */
export function toIds(value: unknown, path = "ids"): number[] {
  if (isId(value)) return [toId(value, path)];
  if (isTensor(value)) {
    if (value.shape.length > 1) throw severalSequences(value, path);
    if (!isIdTensor(value))
      throw invalidArgument(path, "an int64 or int32 tensor of token ids", shapeOf(value));
    const ids: Iterable<number | bigint> = value.data;
    return Array.from(ids, (id, i) => toId(id, `${path}[${i}]`));
  }
  if (!isIterable(value)) throw invalidArgument(path, "a sequence of token ids", value);
  return Array.from(value, (id, i) => {
    if (typeof id === "object" && id !== null) throw severalSequences(value, path);
    return toId(id, `${path}[${i}]`);
  });
}

/** Several sequences: the rows of a tensor [rows, length], or one for each item. @throws INVALID_ARGUMENT */
export function toSequences(value: unknown, path = "sequences"): number[][] {
  const expected = "token ids in arrays, or an int64 tensor [rows, length]";
  if (isTensor(value)) {
    if (value.shape.length === 0 || value.shape.length > 2)
      throw invalidArgument(path, expected, shapeOf(value));
    return value.unbind().map((row, i) => toIds(row, `${path}[${i}]`));
  }
  if (!isIterable(value)) throw invalidArgument(path, expected, value);
  return Array.from(value, (ids, i) => toIds(ids, `${path}[${i}]`));
}

/** Whether a value holds sequences rather than ids: an array whose first item is no id. */
export function isNested(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === "object";
}

function toId(value: unknown, path: string): number {
  const id = isId(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(id) && id >= 0) return id;
  const remedy =
    id < 0 ? "Ids below 0, such as the -100 of labels, stand for no token: leave them out." : undefined;
  throw invalidArgument(path, "a token id, a whole number from 0 up", value, remedy);
}

function severalSequences(value: unknown, path: string): InstructBlipError {
  const shown = isTensor(value) ? shapeOf(value) : value;
  return invalidArgument(path, "one sequence of token ids", shown, "Use `batchDecode` for several.");
}

function isId(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value;
}

function isIdTensor(value: Tensor): value is IdTensor {
  return value.dtype === "int64" || value.dtype === "int32";
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function shapeOf({ dtype, shape }: Tensor): string {
  return `${dtype} [${shape.join(", ")}]`;
}
