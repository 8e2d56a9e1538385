import { InstructBlipVisionConfig } from "../config/index.ts";
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
import { readPass } from "./forward/read-pass.ts";
import { runPass } from "./forward/run-pass.ts";
import type { OutputDType, VisionTensors } from "./forward/tensors.ts";
import { VISION_FIELDS, type VisionInputs, visionPass } from "./forward/vision-pass.ts";

/** Names of the vision model's tensors. */
export type VisionOutputName = OutputName<VisionTensors>;

/**
 * InstructBLIP's vision model on a pool's workers: pictures to features.
 *
 * @example
 * const model = await InstructBlipVisionModel.fromPretrained("tiny-shapes-t5", { pool });
 * const { pixelValues } = await processor({ images: image });
 * const { lastHiddenState } = await model.forward({ pixelValues });
 * console.log(lastHiddenState.dtype, lastHiddenState.shape.length); // float32 3
 */
export class InstructBlipVisionModel {
  readonly #binding: Binding<InstructBlipVisionConfig>;

  /** @internal */
  private constructor(binding: Binding<InstructBlipVisionConfig>) {
    this.#binding = asBinding(binding, InstructBlipVisionModel);
  }

  /** @internal */
  static of(binding: Binding<InstructBlipVisionConfig>): InstructBlipVisionModel {
    return new InstructBlipVisionModel(binding);
  }

  /** The deployment that serves this model. */
  get info(): ModelInfo {
    return this.#binding.info;
  }

  /** The model's configuration. @throws CONFIG_INVALID, UNSUPPORTED when it is not InstructBLIP's */
  get config(): InstructBlipVisionConfig {
    return this.#binding.config;
  }

  /**
   * The vision model of a checkpoint: a view of the deployment that serves the whole model, which is loaded if none does.
   *
   * @param name - a bundled name (`tiny-shapes-t5`), a checkpoint folder or a hub repository
   * @throws MODEL_NOT_FOUND, MODEL_LOAD_FAILED; PERMISSION_DENIED when a shared pool lets this client load none
   */
  static async fromPretrained(
    name: string,
    options: FromPretrainedOptions,
  ): Promise<InstructBlipVisionModel> {
    return new InstructBlipVisionModel(await Binding.toPretrained(InstructBlipVisionConfig, name, options));
  }

  /**
   * A vision model of random weights, those that Python gets from the same seed; it is made unless it is served already.
   *
   * @throws CONFIG_INVALID, MODEL_LOAD_FAILED
   */
  static async fromConfig(
    config: InstructBlipVisionConfig,
    options: FromConfigOptions,
  ): Promise<InstructBlipVisionModel> {
    return new InstructBlipVisionModel(await Binding.toConfig(InstructBlipVisionConfig, config, options));
  }

  /**
   * One pass: features of pictures, or the tensors that `outputs` names.
   *
   * @throws INVALID_ARGUMENT before anything is sent, and what a request may fail with: see the error codes
   */
  forward<N extends VisionOutputName, D extends OutputDType = "float32">(
    call: VisionInputs & PassOptions<D> & PickOutputs<N>,
  ): Promise<Picked<VisionTensors<D>, N>>;
  forward<H extends boolean = false, A extends boolean = false, D extends OutputDType = "float32">(
    call: VisionInputs & PassOptions<D> & AskOutputs<H, A>,
  ): Promise<UsualOutputs<VisionTensors<D>, H, A>>;
  forward<D extends OutputDType = "float32">(
    call: VisionInputs & PassOptions<D> & TupleOutputs<VisionOutputName>,
  ): Promise<OutputTuple<D>>;
  async forward(call: unknown): Promise<unknown> {
    const asked = readPass(call, VISION_FIELDS);
    return runPass(this.#binding, visionPass(asked.fields, this.config), asked);
  }
}
