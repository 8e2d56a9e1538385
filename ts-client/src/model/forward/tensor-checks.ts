import { invalidArgument } from "../../errors/index.ts";
import { type DType, Tensor } from "../../tensor/index.ts";

/** Token ids. */
export type Ids = Tensor<"int64" | "int32">;
/** 1 or true for a token, 0 or false for padding. */
export type Mask = Tensor<"int64" | "int32" | "bool">;
/** Vectors. */
export type Embeddings = Tensor<"float32" | "float16" | "bfloat16">;

export const IDS = ["int64", "int32"] as const;
export const MASKS = [...IDS, "bool"] as const;
export const FRACTIONS = ["float32", "float16", "bfloat16"] as const;

/** A size that a tensor must have, or what it counts where any from 1 up will do. */
export type Size = number | string;

/** A tensor of one of these types and of this shape. @throws INVALID_ARGUMENT naming the tensor */
export function checkTensor<D extends DType>(
  path: string,
  value: unknown,
  dtypes: readonly D[],
  shape: readonly Size[],
  remedy?: string,
): Tensor<D> {
  if (value instanceof Tensor && dtypes.includes(value.dtype as D) && fits(value.shape, shape)) {
    return value as Tensor<D>;
  }
  const expected = `a tensor of ${dtypes.join(", ").replace(/, (\w+)$/, " or $1")} [${shape.join(", ")}]`;
  throw invalidArgument(path, expected, shown(value), remedy);
}

/** Token ids from 0 to `vocabulary` - 1, or one of `others`. @throws INVALID_ARGUMENT naming the tensor */
export function checkIds(
  path: string,
  value: unknown,
  shape: readonly Size[],
  vocabulary: number,
  others: readonly number[] = [],
): Ids {
  const ids = checkTensor(path, value, IDS, shape);
  // On CUDA, an id out of range kills the process.
  for (const raw of ids.data) {
    const id = Number(raw);
    if ((id >= 0 && id < vocabulary) || others.includes(id)) continue;
    const also = others.map((other) => ` or ${other}`).join("");
    throw invalidArgument(path, `of ids from 0 to ${vocabulary - 1}${also}`, id);
  }
  return ids;
}

/** 1 or true for what counts, 0 or false for padding. @throws INVALID_ARGUMENT naming the tensor */
export function checkMask(path: string, value: unknown, shape: readonly Size[]): Mask {
  const mask = checkTensor(path, value, MASKS, shape);
  for (const raw of mask.data) {
    if (Number(raw) !== 0 && Number(raw) !== 1) throw invalidArgument(path, "of 0 and 1", Number(raw));
  }
  return mask;
}

/** As many entries as there are rows, or a single one for all of them. @throws INVALID_ARGUMENT naming the tensor */
export function checkOneOrAll(path: string, tensor: Pick<Tensor, "shape"> | undefined, rows: number): void {
  const count = tensor?.shape[0] ?? 1;
  if (count === 1 || count === rows) return;
  throw invalidArgument(path, `of one entry for all rows, or of one for each of the ${rows}`, count);
}

/** A tensor by type and shape, for an error. */
export function shown(value: unknown): unknown {
  return value instanceof Tensor ? `${value.dtype} [${value.shape.join(", ")}]` : value;
}

function fits(actual: readonly number[], wanted: readonly Size[]): boolean {
  return (
    actual.length === wanted.length &&
    actual.every((size, axis) => (typeof wanted[axis] === "number" ? size === wanted[axis] : size >= 1))
  );
}
