import { bytesPerElement, dtypeByWireCode, Tensor, WIRE_CODES } from "../tensor/index.ts";
import type { KindName } from "./kinds.ts";
import { protocolError } from "./protocol-error.ts";
import type { HeaderOf } from "./schema/index.ts";

/** How a header describes one tensor frame. */
export type TensorSpec = HeaderOf<"SUBMIT">["tensors"][number];

/** Kinds that carry tensor frames, described by the header's `tensors`. */
export type TensorKind = "SUBMIT" | "PART" | "RESULT" | "PUT" | "ASSETS_REPLY";

const TENSOR_KINDS: ReadonlySet<string> = new Set<TensorKind>([
  "SUBMIT",
  "PART",
  "RESULT",
  "PUT",
  "ASSETS_REPLY",
]);

/** Whether messages of a kind carry tensor frames. */
export function carriesTensors(kind: KindName): kind is TensorKind {
  return TENSOR_KINDS.has(kind);
}

/** The description of a tensor for the header. */
export function tensorSpec(tensor: Tensor): TensorSpec {
  return { dtype: WIRE_CODES[tensor.dtype], shape: [...tensor.shape], bytes: tensor.data.byteLength };
}

/** The tensors of some frames: views where the memory is aligned for their dtype. */
export function readTensors(specs: readonly TensorSpec[], frames: readonly Uint8Array[]): Tensor[] {
  if (specs.length !== frames.length) {
    throw protocolError(`the header describes ${specs.length} tensors, but ${frames.length} came`, "tensors");
  }
  return frames.map((frame, i) => readTensor(specs[i] as TensorSpec, frame, `tensors[${i}]`));
}

function readTensor(spec: TensorSpec, frame: Uint8Array, path: string): Tensor {
  const dtype = dtypeByWireCode(spec.dtype);
  if (dtype === undefined) throw protocolError(`there is no dtype ${spec.dtype}`, path);
  const wanted = byteLength(spec.shape, bytesPerElement(dtype));
  if (wanted !== spec.bytes || wanted !== frame.byteLength) {
    throw protocolError(
      `${spec.dtype} [${spec.shape.join(", ")}] is ${wanted} bytes; the header says ${spec.bytes}, ` +
        `${frame.byteLength} came`,
      path,
    );
  }
  return Tensor.fromBytes(dtype, spec.shape, frame);
}

/** Bytes of a shape. Beyond 2^53 the product is not exact, but it stays larger than any frame. */
function byteLength(shape: readonly number[], elementBytes: number): number {
  return shape.reduce((product, size) => product * size, elementBytes);
}
