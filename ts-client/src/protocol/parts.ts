import { bytesPerElement, dtypeByWireCode, Tensor } from "../tensor/index.ts";
import { LIMITS } from "./limits.ts";
import type { MessageOf } from "./message.ts";
import { protocolError } from "./protocol-error.ts";
import type { HeaderOf } from "./schema/index.ts";
import { tensorSpec } from "./tensor-frames.ts";

/** Bytes of outputs that travel in the RESULT itself, and of each PART of the others. */
const PIECE_BYTES = 4 * 1024 * 1024;

interface Assembled {
  readonly dtype: HeaderOf<"PART">["dtype"];
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  received: number;
}

/** Puts the large outputs of one attempt together, part by part. */
export class PartAssembly {
  readonly #outputs = new Map<string, Assembled>();
  #parts = 0;
  #bytes = 0;

  /** @throws PROTOCOL when a part does not follow on what came before */
  add({ header, tensors }: Pick<MessageOf<"PART">, "header" | "tensors">): void {
    const { seq, output: name, dtype, shape, offset, tensor } = header;
    if (seq !== this.#parts)
      throw protocolError(`part ${seq} came where ${this.#parts} was due`, "header.seq");
    const output = this.#outputs.get(name) ?? this.#begin(name, dtype, shape);
    if (output.dtype !== dtype || output.shape.join() !== shape.join()) {
      throw protocolError("the parts of an output differ in type or shape", "header.shape");
    }
    const piece = tensors[tensor];
    if (piece?.dtype !== "uint8") throw protocolError("a part is a tensor of u8", "header.tensor");
    if (offset !== output.received || offset + piece.size > output.bytes.length) {
      throw protocolError(
        `${piece.size} bytes came for ${offset}, where ${output.received} was due`,
        "header.offset",
      );
    }
    output.bytes.set(piece.bytes(), offset);
    output.received += piece.size;
    this.#parts += 1;
  }

  /**
   * The outputs, once the RESULT is there.
   *
   * @param parts - how many its sender speaks of
   * @throws PROTOCOL when some are missing
   */
  finish(parts: number): Record<string, Tensor> {
    if (parts !== this.#parts) {
      throw protocolError(
        `the result speaks of ${parts} parts where ${this.#parts} had come`,
        "header.parts",
      );
    }
    const outputs: Record<string, Tensor> = {};
    for (const [name, { dtype, shape, bytes, received }] of this.#outputs) {
      const known = dtypeByWireCode(dtype);
      if (received !== bytes.length || known === undefined) {
        throw protocolError(`${received} of ${bytes.length} bytes of ${name} came`, "header.parts");
      }
      outputs[name] = Tensor.fromBytes(known, shape, bytes);
    }
    return outputs;
  }

  #begin(name: string, dtype: Assembled["dtype"], shape: readonly number[]): Assembled {
    const known = dtypeByWireCode(dtype);
    const size = shape.reduce((product, n) => product * n, known === undefined ? 1 : bytesPerElement(known));
    this.#bytes += size;
    if (this.#bytes > LIMITS.outputBytes) {
      throw protocolError(`outputs have at most ${LIMITS.outputBytes} bytes`, "header.shape");
    }
    // Not filled: every byte is written before anybody sees it.
    const output = { dtype, shape, bytes: Buffer.allocUnsafeSlow(size), received: 0 };
    this.#outputs.set(name, output);
    return output;
  }
}

/** Where an output's part begins, with what its header says of it. */
export interface OutputPart {
  readonly header: Pick<HeaderOf<"PART">, "seq" | "output" | "dtype" | "shape" | "offset" | "tensor">;
  readonly tensor: Tensor<"uint8">;
}

/** Outputs that fit into a RESULT, and the parts of the others. */
export function splitOutputs(outputs: Readonly<Record<string, Tensor>>): {
  readonly small: readonly (readonly [name: string, tensor: Tensor])[];
  readonly parts: readonly OutputPart[];
} {
  const small: [string, Tensor][] = [];
  const parts: OutputPart[] = [];
  let inline = 0;
  for (const [name, tensor] of Object.entries(outputs)) {
    const bytes = tensor.bytes();
    if (inline + bytes.length <= PIECE_BYTES && small.length < LIMITS.tensors) {
      inline += bytes.length;
      small.push([name, tensor]);
      continue;
    }
    const { dtype, shape } = tensorSpec(tensor);
    for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
      const piece = bytes.subarray(offset, offset + PIECE_BYTES);
      parts.push({
        header: { seq: parts.length, output: name, dtype, shape, offset, tensor: 0 },
        tensor: new Tensor("uint8", [piece.length], piece),
      });
    }
  }
  return { small, parts };
}
