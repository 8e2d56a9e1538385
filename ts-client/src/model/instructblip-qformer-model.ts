import { InstructBlipQFormerConfig } from "../config/index.ts";
import type { ModelInfo } from "../engine/index.ts";
import { asBinding, Binding, type FromConfigOptions, type FromPretrainedOptions } from "./bind-model.ts";
import type {
  AskOutputs,
  OutputName,
  OutputTuple,
  PassOptions,
  Picked,
  PickOutputs,
  TupleOutputs,
  UsualOutputs,
} from "./forward/output-types.ts";
import { QFORMER_FIELDS, type QFormerInputs, qformerPass } from "./forward/qformer-pass.ts";
import { readPass } from "./forward/read-pass.ts";
import { runPass } from "./forward/run-pass.ts";
import type { OutputDType, QFormerTensors } from "./forward/tensors.ts";

/** Names of the Q-Former's tensors. */
export type QFormerOutputName = OutputName<QFormerTensors>;

/**
 * InstructBLIP's Q-Former on a pool's workers: queries and an instruction that look at a picture's features.
 *
 * @example
 * const model = await InstructBlipQFormerModel.fromPretrained("tiny-shapes-t5", { pool });
 * const { qformerInputIds } = await processor({ text: "What color is the circle?" });
 * const { lastHiddenState } = await model.forward({ inputIds: qformerInputIds });
 * console.log(lastHiddenState.shape[2] === model.config.hiddenSize); // true
 */
export class InstructBlipQFormerModel {
  readonly #binding: Binding<InstructBlipQFormerConfig>;

  /** @internal */
  private constructor(binding: Binding<InstructBlipQFormerConfig>) {
    this.#binding = asBinding(binding, InstructBlipQFormerModel);
  }

  /** @internal */
  static of(binding: Binding<InstructBlipQFormerConfig>): InstructBlipQFormerModel {
    return new InstructBlipQFormerModel(binding);
  }

  /** The deployment that serves this model. */
  get info(): ModelInfo {
    return this.#binding.info;
  }

  /** The model's configuration. @throws CONFIG_INVALID, UNSUPPORTED when it is not InstructBLIP's */
  get config(): InstructBlipQFormerConfig {
    return this.#binding.config;
  }

  /**
   * The Q-Former of a checkpoint: a view of the deployment that serves the whole model, which is loaded if none does.
   *
   * @param name - a bundled name (`tiny-shapes-t5`), a checkpoint folder or a hub repository
   * @throws MODEL_NOT_FOUND, MODEL_LOAD_FAILED; PERMISSION_DENIED when a shared pool lets this client load none
   */
  static async fromPretrained(
    name: string,
    options: FromPretrainedOptions,
  ): Promise<InstructBlipQFormerModel> {
    return new InstructBlipQFormerModel(await Binding.toPretrained(InstructBlipQFormerConfig, name, options));
  }

  /**
   * A Q-Former of random weights, those that Python gets from the same seed; it is made unless it is served already.
   *
   * @throws CONFIG_INVALID, MODEL_LOAD_FAILED
   */
  static async fromConfig(
    config: InstructBlipQFormerConfig,
    options: FromConfigOptions,
  ): Promise<InstructBlipQFormerModel> {
    return new InstructBlipQFormerModel(await Binding.toConfig(InstructBlipQFormerConfig, config, options));
  }

  /**
   * One pass: the states of queries and instruction, or the tensors that `outputs` names.
   *
   * @throws INVALID_ARGUMENT, UNSUPPORTED before anything is sent, and what a request may fail with: see the error codes
   */
  forward<N extends QFormerOutputName, D extends OutputDType = "float32">(
    call: QFormerInputs & PassOptions<D> & PickOutputs<N>,
  ): Promise<Picked<QFormerTensors<D>, N>>;
  forward<H extends boolean = false, A extends boolean = false, D extends OutputDType = "float32">(
    call: QFormerInputs & PassOptions<D> & AskOutputs<H, A>,
  ): Promise<UsualOutputs<QFormerTensors<D>, H, A>>;
  forward<D extends OutputDType = "float32">(
    call: QFormerInputs & PassOptions<D> & TupleOutputs<QFormerOutputName>,
  ): Promise<OutputTuple<D>>;
  async forward(call: unknown): Promise<unknown> {
    const asked = readPass(call, QFORMER_FIELDS);
    return runPass(this.#binding, qformerPass(asked.fields, this.config), asked);
  }
}
