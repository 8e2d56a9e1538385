import { InstructBlipError } from "../errors/index.ts";
import { type ForwardModule, type HeaderOf, tensorOf } from "../protocol/index.ts";
import { Tensor } from "../tensor/index.ts";
import type {
  AnyInputs,
  AnyRequest,
  Op,
  PreparedImage,
  PreparedInputs,
  RankInputs,
  TensorInputs,
} from "./request.ts";

/** What is to be computed, as it travels. */
export type WireOp = HeaderOf<"SUBMIT">["items"][number]["op"];
type ImageRef = Extract<WireOp, { kind: "generate" }>["image"];

/** How a message takes up what a request needs. */
export interface Placement {
  /** Adds a tensor and gives its position. */
  tensor(tensor: Tensor): number;
  /** The picture by its hash, and by its position where it travels along. */
  image(image: PreparedImage): ImageRef;
}

const MODULES = {
  forward: "model",
  visionForward: "vision",
  qformerForward: "qformer",
  imageFeatures: "image_features",
} as const satisfies Record<Exclude<Op, "generate" | "rank">, ForwardModule>;
const PADDING = -1;

/** A request and its inputs as they travel. */
export function toWireOp(request: AnyRequest, inputs: AnyInputs, placement: Placement): WireOp {
  switch (request.op) {
    case "generate":
      return { kind: "generate", ...question(inputs as PreparedInputs, placement), options: request.options };
    case "rank": {
      const { candidates } = inputs as RankInputs;
      const fields = question(inputs as RankInputs, placement);
      return { kind: "rank", ...fields, candidates: placement.tensor(padded(candidates)) };
    }
    default: {
      const named = Object.entries(inputs as TensorInputs);
      return {
        kind: "forward",
        module: MODULES[request.op],
        inputs: Object.fromEntries(named.map(([name, tensor]) => [name, placement.tensor(tensor)])),
        ...request.options,
      };
    }
  }
}

/** The operation that another process asks for, with all its inputs but the picture's bytes. */
export type ReceivedOp =
  | {
      readonly request: Pick<Extract<AnyRequest, { op: "generate" }>, "op" | "options">;
      readonly inputs: Received;
    }
  | {
      readonly request: Pick<Extract<AnyRequest, { op: "rank" }>, "op" | "options">;
      readonly inputs: Received & Pick<RankInputs, "candidates">;
    }
  | {
      readonly request: Pick<Extract<AnyRequest, { op: keyof typeof MODULES }>, "op" | "options">;
      readonly inputs: TensorInputs;
    };
type Received = Omit<PreparedInputs, "image"> & { readonly image: ImageRef };

/** @throws INVALID_ARGUMENT for tensors that are not what the operation takes */
export function fromWireOp(op: WireOp, tensors: readonly Tensor[]): ReceivedOp {
  const message = { tensors };
  if (op.kind === "forward") {
    const { kind: _, module, inputs, ...options } = op;
    const named = Object.entries(inputs).map(([name, index]) => [name, tensorOf(message, index)]);
    const [name] = Object.entries(MODULES).find(([, wire]) => wire === module) ?? ["forward"];
    return {
      request: { op: name as keyof typeof MODULES, options },
      inputs: Object.fromEntries(named),
    };
  }
  const inputs = {
    image: op.image,
    inputIds: ids(tensorOf(message, op.input_ids), "input_ids"),
    qformerInputIds: ids(tensorOf(message, op.qformer_input_ids), "qformer_input_ids"),
  };
  if (op.kind === "generate") return { request: { op: "generate", options: op.options }, inputs };
  const candidates = unpadded(tensorOf(message, op.candidates));
  return { request: { op: "rank", options: {} }, inputs: { ...inputs, candidates } };
}

function question({ image, inputIds, qformerInputIds }: PreparedInputs, { tensor, image: place }: Placement) {
  return {
    image: place(image),
    input_ids: tensor(new Tensor("int32", [inputIds.length], inputIds)),
    qformer_input_ids: tensor(new Tensor("int32", [qformerInputIds.length], qformerInputIds)),
  };
}

function padded(rows: readonly Int32Array[]): Tensor<"int32"> {
  const width = Math.max(...rows.map(({ length }) => length));
  const data = new Int32Array(rows.length * width).fill(PADDING);
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return new Tensor("int32", [rows.length, width], data);
}

function unpadded(tensor: Tensor): Int32Array[] {
  if (tensor.dtype !== "int32" || tensor.shape.length !== 2)
    throw wrong("candidates", "int32 [candidates, tokens]");
  return Array.from({ length: tensor.shape[0] ?? 0 }, (_, i) =>
    (tensor.slice(i).data as Int32Array).filter((id) => id !== PADDING),
  );
}

/** Token ids, copied out of the message's frame. */
function ids(tensor: Tensor, path: string): Int32Array {
  if (tensor.dtype !== "int32" || tensor.shape.length !== 1) throw wrong(path, "int32 [tokens]");
  return Int32Array.from(tensor.data as Int32Array);
}

function wrong(path: string, expected: string): InstructBlipError {
  return new InstructBlipError("INVALID_ARGUMENT", `\`${path}\` must be a tensor of ${expected}.`, { path });
}
