import { InstructBlipConfig } from "../config/index.ts";
import type { ModelInfo } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { asBinding, Binding, type FromConfigOptions, type FromPretrainedOptions } from "./bind-model.ts";
import { FEATURE_FIELDS, type FeatureInputs, featurePass } from "./forward/feature-pass.ts";
import { FORWARD_FIELDS, type ForwardInputs, modelPass } from "./forward/model-pass.ts";
import type {
  AskOutputs,
  OutputName,
  OutputTuple,
  PassOptions,
  Picked,
  PickOutputs,
  TupleOutputs,
  UsualFeatures,
  UsualModelOutputs,
} from "./forward/output-types.ts";
import { readPass } from "./forward/read-pass.ts";
import { runPass } from "./forward/run-pass.ts";
import type { FeatureTensors, ModelTensors, OutputDType } from "./forward/tensors.ts";
import { checkCall, type GenerateCall, generateRows } from "./generate.ts";
import type { GenerateOutput } from "./generate-output.ts";
import { InstructBlipQFormerModel } from "./instructblip-qformer-model.ts";
import { InstructBlipVisionModel } from "./instructblip-vision-model.ts";
import { ProcessorCache } from "./processor-cache.ts";

/** Names of the whole model's tensors. */
export type ModelOutputName = OutputName<ModelTensors>;
/** Names of the tensors before the language model. */
export type FeatureOutputName = OutputName<FeatureTensors>;

/**
 * InstructBLIP on a pool's workers: a vision encoder, a Q-Former and a language model that together answer a
 * prompt about a picture.
 *
 * @example
 * const processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5");
 * const model = await InstructBlipForConditionalGeneration.fromPretrained("tiny-shapes-t5", { pool });
 * const inputs = await processor({ images: image, text: "What is unusual about this image?" });
 * const outputs = await model.generate({ ...inputs, numBeams: 5, maxLength: 256 });
 * console.log(processor.batchDecode(outputs, { skipSpecialTokens: true }));
 */
export class InstructBlipForConditionalGeneration {
  readonly #binding: Binding<InstructBlipConfig>;
  readonly #processors: ProcessorCache;

  private constructor(binding: Binding<InstructBlipConfig>) {
    this.#binding = asBinding(binding, InstructBlipForConditionalGeneration);
    this.#processors = new ProcessorCache(binding.engine);
  }

  /** The deployment that serves this model. */
  get info(): ModelInfo {
    return this.#binding.info;
  }

  /** The model's configuration. @throws CONFIG_INVALID, UNSUPPORTED when it is not InstructBLIP's */
  get config(): InstructBlipConfig {
    return this.#binding.config;
  }

  /** The vision model by itself: a view of the same deployment. */
  get visionModel(): InstructBlipVisionModel {
    return InstructBlipVisionModel.of(this.#binding.view((config) => config.visionConfig));
  }

  /** The Q-Former by itself: a view of the same deployment. */
  get qformer(): InstructBlipQFormerModel {
    return InstructBlipQFormerModel.of(this.#binding.view((config) => config.qformerConfig));
  }

  /**
   * Finds the deployment that serves a checkpoint with these settings, or loads one.
   *
   * @param name - a bundled name (`tiny-shapes-t5`), a checkpoint folder or a hub repository
   * @throws MODEL_NOT_FOUND, MODEL_LOAD_FAILED; PERMISSION_DENIED when a shared pool lets this client load none
   */
  static async fromPretrained(
    name: string,
    options: FromPretrainedOptions,
  ): Promise<InstructBlipForConditionalGeneration> {
    return new InstructBlipForConditionalGeneration(
      await Binding.toPretrained(InstructBlipConfig, name, options),
    );
  }

  /**
   * A model of random weights, those that Python gets from the same seed; it is made unless it is served already. It has
   * no tokenizers: its prompts are token ids.
   *
   * @throws CONFIG_INVALID, MODEL_LOAD_FAILED; PERMISSION_DENIED when a shared pool lets this client load none
   */
  static async fromConfig(
    config: InstructBlipConfig,
    options: FromConfigOptions,
  ): Promise<InstructBlipForConditionalGeneration> {
    return new InstructBlipForConditionalGeneration(
      await Binding.toConfig(InstructBlipConfig, config, options),
    );
  }

  /**
   * One pass without generating: scores of the next tokens, the loss of `labels`, and what the three models computed on
   * the way, or the tensors that `outputs` names.
   *
   * @example
   * const model = await InstructBlipForConditionalGeneration.fromPretrained("tiny-shapes-t5", { pool });
   * const inputs = await processor({ images: image, text: "What color is the circle?" });
   * const { inputIds: labels } = await processor({ text: "red" });
   * const { loss, logits } = await model.forward({ ...inputs, labels, outputs: ["loss", "logits"] });
   * console.log(loss.shape, logits.shape[1] === labels.shape[1]); // [] true
   * @throws INVALID_ARGUMENT before anything is sent, and what a request may fail with: see the error codes
   */
  forward<N extends ModelOutputName, D extends OutputDType = "float32">(
    call: ForwardInputs & PassOptions<D> & PickOutputs<N>,
  ): Promise<Picked<ModelTensors<D>, N>>;
  forward<
    L extends ForwardInputs["labels"] = undefined,
    H extends boolean = false,
    A extends boolean = false,
    D extends OutputDType = "float32",
  >(
    call: ForwardInputs & { readonly labels?: L } & PassOptions<D> & AskOutputs<H, A>,
  ): Promise<UsualModelOutputs<L, H, A, D>>;
  forward<D extends OutputDType = "float32">(
    call: ForwardInputs & PassOptions<D> & TupleOutputs<ModelOutputName>,
  ): Promise<OutputTuple<D>>;
  async forward(call: unknown): Promise<unknown> {
    const asked = readPass(call, FORWARD_FIELDS);
    return runPass(this.#binding, modelPass(asked.fields, this.config, this.info), asked);
  }

  /**
   * What the language model is told of pictures, or the tensors on the way there that `outputs` names.
   *
   * @throws INVALID_ARGUMENT before anything is sent, and what a request may fail with: see the error codes
   */
  getImageFeatures<N extends FeatureOutputName, D extends OutputDType = "float32">(
    call: FeatureInputs & PassOptions<D> & PickOutputs<N>,
  ): Promise<Picked<FeatureTensors<D>, N>>;
  getImageFeatures<H extends boolean = false, A extends boolean = false, D extends OutputDType = "float32">(
    call: FeatureInputs & PassOptions<D> & AskOutputs<H, A>,
  ): Promise<UsualFeatures<H, A, D>>;
  getImageFeatures<D extends OutputDType = "float32">(
    call: FeatureInputs & PassOptions<D> & TupleOutputs<FeatureOutputName>,
  ): Promise<OutputTuple<D>>;
  async getImageFeatures(call: unknown): Promise<unknown> {
    const asked = readPass(call, FEATURE_FIELDS);
    return runPass(this.#binding, featurePass(asked.fields, this.config), asked);
  }

  /**
   * Generates answers: one request for each row, all submitted at once. The first failure ends the rest.
   *
   * @returns int64 [rows × answers, tokens], each row the start token, new tokens and padding; never the prompt
   * @throws INVALID_ARGUMENT, UNSUPPORTED, and what a request may fail with: see the error codes
   */
  generate(call: GenerateCall & { readonly returnDictInGenerate: true }): Promise<GenerateOutput>;
  generate(call: GenerateCall & { readonly returnDictInGenerate?: false }): Promise<Tensor<"int64">>;
  generate(call: GenerateCall): Promise<Tensor<"int64"> | GenerateOutput>;
  async generate(call: GenerateCall): Promise<Tensor<"int64"> | GenerateOutput> {
    const { returnDictInGenerate = false, ...rest } = checkCall(call);
    if (typeof returnDictInGenerate !== "boolean") {
      throw invalidArgument("returnDictInGenerate", "true or false", returnDictInGenerate);
    }
    const output = await this.generateDetailed(rest);
    return returnDictInGenerate ? output : output.sequences;
  }

  /** {@link generate} with finish reasons, scores and timings. */
  generateDetailed(call: Omit<GenerateCall, "returnDictInGenerate">): Promise<GenerateOutput> {
    return generateRows(this.#binding, this.#processors, call);
  }
}
