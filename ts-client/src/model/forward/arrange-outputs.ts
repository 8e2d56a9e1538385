import { InstructBlipError } from "../../errors/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { partOf, wireName } from "./output-names.ts";
import type { OutputDType } from "./tensors.ts";

type Found = readonly (readonly [name: string, tensor: Tensor])[];

/**
 * The wanted tensors of a worker's answer.
 *
 * @throws OUTPUT_INVALID when one is missing or of another type
 */
export function findOutputs(
  names: readonly string[],
  outputs: Readonly<Record<string, Tensor>>,
  dtype: OutputDType,
  requestId: string,
): Found {
  return names.map((name) => {
    const tensor = outputs[wireName(name)];
    if (tensor?.dtype === dtype) return [name, tensor] as const;
    const came = tensor === undefined ? "without it" : `with ${tensor.dtype}`;
    throw new InstructBlipError(
      "OUTPUT_INVALID",
      `\`${name}\` was asked for in ${dtype}; the answer came ${came}.`,
      {
        requestId,
        path: "outputs",
      },
    );
  });
}

/** Tensors by name, those of a part in an object of their own. */
export function asObject(found: Found): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, tensor] of found) {
    const part = partOf(name);
    if (part === undefined) result[name] = tensor;
    else {
      const tensors = (result[part] ?? {}) as Record<string, Tensor>;
      tensors[name.slice(part.length + 1)] = tensor;
      result[part] = tensors;
    }
  }
  return result;
}

/** Tensors in their order, those of a part in a tuple of their own. */
export function asTuple(found: Found): readonly (Tensor | readonly Tensor[])[] {
  return Object.values(asObject(found)).map((value) => {
    return isTensorLike(value) ? value : Object.values(value as Record<string, Tensor>);
  });
}

function isTensorLike(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}
