import type { Op, Request, Submission, TensorInputs } from "../../../../ts-client/src/engine/index.ts";
import {
  type CallOptions,
  PendingSubmission,
  type WireForwardOptions,
} from "../../../../ts-client/src/engine/index.ts";
import { dtypeByWireCode, Tensor } from "../../../../ts-client/src/tensor/index.ts";
import { FakeEngine } from "../fake-engine.ts";

/** A pass as the engine got it. */
export interface SentPass {
  readonly op: Op;
  readonly modelId: string | undefined;
  readonly options: WireForwardOptions;
  readonly inputs: TensorInputs;
  readonly call: CallOptions;
}

/** An engine without workers: notes the passes it gets, and gives a tensor [i] for the i-th output asked for. */
export class PassEngine extends FakeEngine {
  readonly passes: SentPass[] = [];
  readonly #withhold: readonly string[];

  /** @param withhold - outputs it leaves out, though they are asked for */
  constructor({ withhold = [] as readonly string[] } = {}) {
    super(async () => [[]]);
    this.#withhold = withhold;
  }

  override submit<K extends Op>(request: Request<K>, call: CallOptions = {}): Submission<K> {
    const { op, modelId, prepare } = request;
    const options = request.options as WireForwardOptions;
    const submission = new PendingSubmission<K>("id", { onCancel: () => {}, onConsumed: () => {} });
    void prepare(new AbortController().signal).then((inputs) => {
      this.passes.push({ op, modelId, options, inputs: inputs as TensorInputs, call });
      const dtype = dtypeByWireCode(options.output_dtype ?? "f32") as "float32";
      const outputs = Object.fromEntries(
        options.outputs
          .filter((name) => !this.#withhold.includes(name))
          .map((name, i) => [
            name,
            new Tensor(dtype, [i], dtype === "float32" ? new Float32Array(i) : (new Uint16Array(i) as never)),
          ]),
      );
      submission.resolve({
        requestId: "id",
        attempts: 1,
        failedAttempts: [],
        timings: {},
        batchSize: 1,
        imageCached: false,
        workerId: "fake",
        outputs,
      });
    });
    return submission;
  }
}
