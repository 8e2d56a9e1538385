import type { PretrainedConfig } from "../../config/index.ts";
import type { Engine, ModelInfo, Op, TensorInputs } from "../../engine/index.ts";
import { InstructBlipError } from "../../errors/index.ts";
import { LIMITS } from "../../protocol/index.ts";
import { WIRE_CODES } from "../../tensor/index.ts";
import { asObject, asTuple, findOutputs } from "./arrange-outputs.ts";
import { chooseOutputs } from "./choose-outputs.ts";
import { partOf, wireName } from "./output-names.ts";
import type { PassCall } from "./read-pass.ts";

/** A deployment that passes are sent to. */
export interface PassTarget {
  readonly engine: Pick<Engine, "submit">;
  readonly info: Pick<ModelInfo, "modelId">;
}

/** A pass through a model, checked. */
export interface Pass {
  readonly op: Exclude<Op, "generate" | "rank">;
  readonly inputs: TensorInputs;
  /** Whether pictures may have another size than the model's. */
  readonly interpolate: boolean;
  /** The tensors that there are, in transformers' order. */
  readonly names: readonly string[];
  /** Those of them that are not there, by the input that they are made of. */
  readonly needs: Readonly<Record<string, string>>;
  /** The model's configuration, or that of a part. */
  readonly configOf: (part: string | undefined) => PretrainedConfig;
}

/** Sends a pass to a worker, and gives the tensors that were asked for. @throws what a request may fail with */
export async function runPass({ engine, info }: PassTarget, pass: Pass, asked: PassCall): Promise<unknown> {
  const { op, inputs, interpolate, configOf } = pass;
  checkSize(inputs);
  const names = chooseOutputs(pass, asked.choice, (name) => configOf(partOf(name)));
  const options = {
    outputs: [...new Set(names.map(wireName))],
    output_dtype: WIRE_CODES[asked.outputDtype],
    ...(interpolate && { interpolate_pos_encoding: true }),
  };
  const request = { op, modelId: info.modelId, options, prepare: async () => inputs };
  const result = await engine.submit(request, asked.call);
  const found = findOutputs(names, result.outputs, asked.outputDtype, result.requestId);
  const arrange = (asked.returnDict ?? configOf(undefined).returnDict) ? asObject : asTuple;
  return arrange(found);
}

/** @throws PAYLOAD_TOO_LARGE when no message holds the inputs */
function checkSize(inputs: TensorInputs): void {
  const bytes = Object.values(inputs).reduce((sum, tensor) => sum + tensor.bytes().byteLength, 0);
  if (bytes <= LIMITS.tensorBytes) return;
  throw new InstructBlipError(
    "PAYLOAD_TOO_LARGE",
    `The inputs take ${bytes} bytes, and a request holds ${LIMITS.tensorBytes}. Use a smaller batch, or the ` +
      "processor's own `pixelValues`, which travel as 8-bit pixels.",
    { path: "inputs" },
  );
}
