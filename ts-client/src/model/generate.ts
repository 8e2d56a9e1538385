import type { CallOptions, Engine, ModelInfo } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { CALL_OPTIONS, takeCallOptions } from "./call-options.ts";
import { type EmptyPrompt, type GenerateInputs, toRows } from "./generate-inputs.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { type GenerateOutput, toGenerateOutput } from "./generate-output.ts";
import { GENERATE_MAX_NEW_TOKENS, toWireOptions } from "./generation-options.ts";
import type { ProcessorCache } from "./processor-cache.ts";

/** Everything `generate` takes: the processor's inputs, generation options, options of the call. */
export interface GenerateCall extends GenerateInputs, GenerateOptions, Omit<CallOptions, "requestId"> {
  /** Returns {@link GenerateOutput} instead of the sequences alone. @default false */
  readonly returnDictInGenerate?: boolean;
}

/** A deployment that rows are sent to. */
export interface GenerateTarget {
  readonly engine: Pick<Engine, "submit">;
  readonly info: ModelInfo;
}

/** Generates answers: one request for each row, all submitted at once. The first failure ends the rest. */
export async function generateRows(
  { engine, info }: GenerateTarget,
  processors: ProcessorCache,
  call: Omit<GenerateCall, "returnDictInGenerate">,
): Promise<GenerateOutput> {
  const {
    pixelValues,
    interpolatePosEncoding,
    inputIds,
    attentionMask,
    qformerInputIds,
    qformerAttentionMask,
    ...options
  } = checkCall(call);
  const inputs = {
    pixelValues,
    interpolatePosEncoding,
    inputIds,
    attentionMask,
    qformerInputIds,
    qformerAttentionMask,
  };
  const { call: callOptions, rest } = takeCallOptions(options);
  if (callOptions.requestId !== undefined) {
    throw invalidArgument("requestId", "left out: every row is a request of its own", callOptions.requestId);
  }
  const wire = toWireOptions(rest, {
    maxNewTokens: GENERATE_MAX_NEW_TOKENS,
    stream: false,
    otherNames: [...Object.keys(inputs), ...Object.keys(CALL_OPTIONS)],
  });
  const rows = toRows(inputs, await emptyPrompt(inputs, processors, info), info.imageSize);
  const submissions = rows.map((row) =>
    engine.submit(
      { op: "generate", modelId: info.modelId, options: wire, prepare: async () => row },
      callOptions,
    ),
  );
  try {
    return toGenerateOutput(await Promise.all(submissions), wire.pad_token_id ?? info.padTokenId);
  } catch (error) {
    for (const submission of submissions) submission.cancel("another row of the batch failed");
    throw error;
  }
}

/** The tokens of the empty prompt, where a prompt was left out. */
async function emptyPrompt(
  inputs: GenerateInputs,
  processors: ProcessorCache,
  { modelId }: ModelInfo,
): Promise<EmptyPrompt> {
  if (inputs.inputIds !== undefined && inputs.qformerInputIds !== undefined) {
    return { inputIds: new Int32Array(), qformerInputIds: new Int32Array() };
  }
  const { processor } = await processors.get(modelId);
  const { inputIds, qformerInputIds } = processor.encode("");
  return { inputIds: Int32Array.from(inputIds), qformerInputIds: Int32Array.from(qformerInputIds) };
}

/** @throws INVALID_ARGUMENT when there are no inputs at all */
export function checkCall<T>(call: T): T {
  if (typeof call === "object" && call !== null) return call;
  throw invalidArgument("inputs", "an object with the processor's inputs", call);
}
