import { InstructBlipConfig } from "../config/index.ts";
import type { CallOptions, DeploymentSpec, Engine, ModelInfo, ProcessorAssets } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { camelCase, nearMiss } from "../errors/near-miss.ts";
import type { Tensor } from "../tensor/index.ts";
import { bindDeployment } from "./bind-deployment.ts";
import { CALL_OPTIONS, takeCallOptions } from "./call-options.ts";
import { type EmptyPrompt, type GenerateInputs, toRows } from "./generate-inputs.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { type GenerateOutput, toGenerateOutput } from "./generate-output.ts";
import { GENERATE_MAX_NEW_TOKENS, toWireOptions } from "./generation-options.ts";
import { ProcessorCache } from "./processor-cache.ts";

/** Where a model runs, and how it is loaded if no deployment serves it yet. */
export interface FromPretrainedOptions extends Omit<DeploymentSpec, "source" | "config" | "seed"> {
  readonly pool: Engine;
}

const SETTINGS = [
  "modelId",
  "revision",
  "dtype",
  "quantization",
  "workers",
  "devices",
  "threads",
  "slots",
  "featureCacheBytes",
  "cacheDir",
  "offline",
] as const satisfies (keyof Omit<DeploymentSpec, "source" | "config" | "seed">)[];

/** Everything `generate` takes: the processor's inputs, generation options, options of the call. */
export interface GenerateCall extends GenerateInputs, GenerateOptions, Omit<CallOptions, "requestId"> {
  /** Returns {@link GenerateOutput} instead of the sequences alone. @default false */
  readonly returnDictInGenerate?: boolean;
}

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
  readonly #engine: Engine;
  readonly #processors: ProcessorCache;
  /** The deployment that serves this model. */
  readonly info: ModelInfo;
  readonly #files: ProcessorAssets["files"];
  #config: InstructBlipConfig | undefined;

  private constructor(engine: Engine, info: ModelInfo, { files }: ProcessorAssets) {
    this.#engine = engine;
    this.#processors = new ProcessorCache(engine);
    this.#files = files;
    this.info = info;
  }

  /** The checkpoint's configuration. @throws CONFIG_INVALID, UNSUPPORTED when it is not InstructBLIP's */
  get config(): InstructBlipConfig {
    this.#config ??= readConfig(this.#files["config.json"], this.info.source);
    return this.#config;
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
    const { pool, ...settings } = options ?? {};
    if (typeof name !== "string" || name === "") {
      throw invalidArgument("name", "a bundled checkpoint's name, a folder or a hub repository", name);
    }
    if (typeof pool?.submit !== "function") {
      throw invalidArgument("pool", "a pool", pool, "Start one with `await WorkerPool.start({ ... })`.");
    }
    for (const setting of Object.keys(settings)) {
      if (!(SETTINGS as readonly string[]).includes(setting)) throw unknownSetting(setting);
    }
    const info = await bindDeployment(pool, { ...settings, source: name });
    return new InstructBlipForConditionalGeneration(pool, info, await pool.assets(info.modelId));
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
    const { returnDictInGenerate = false, ...rest } = checked(call);
    if (typeof returnDictInGenerate !== "boolean") {
      throw invalidArgument("returnDictInGenerate", "true or false", returnDictInGenerate);
    }
    const output = await this.generateDetailed(rest);
    return returnDictInGenerate ? output : output.sequences;
  }

  /** {@link generate} with finish reasons, scores and timings. */
  async generateDetailed(call: Omit<GenerateCall, "returnDictInGenerate">): Promise<GenerateOutput> {
    const { pixelValues, inputIds, attentionMask, qformerInputIds, qformerAttentionMask, ...options } =
      checked(call);
    const inputs = { pixelValues, inputIds, attentionMask, qformerInputIds, qformerAttentionMask };
    const { call: callOptions, rest } = takeCallOptions(options);
    if (callOptions.requestId !== undefined) {
      throw invalidArgument(
        "requestId",
        "left out: every row is a request of its own",
        callOptions.requestId,
      );
    }
    const wire = toWireOptions(rest, {
      maxNewTokens: GENERATE_MAX_NEW_TOKENS,
      stream: false,
      otherNames: [...Object.keys(inputs), ...Object.keys(CALL_OPTIONS)],
    });
    const rows = toRows(inputs, await this.#emptyPrompt(inputs));
    const submissions = rows.map((row) =>
      this.#engine.submit(
        { op: "generate", modelId: this.info.modelId, options: wire, prepare: async () => row },
        callOptions,
      ),
    );
    try {
      return toGenerateOutput(await Promise.all(submissions), wire.pad_token_id ?? this.info.padTokenId);
    } catch (error) {
      for (const submission of submissions) submission.cancel("another row of the batch failed");
      throw error;
    }
  }

  /** The tokens of the empty prompt, where a prompt was left out. */
  async #emptyPrompt(inputs: GenerateInputs): Promise<EmptyPrompt> {
    if (inputs.inputIds !== undefined && inputs.qformerInputIds !== undefined) {
      return { inputIds: new Int32Array(), qformerInputIds: new Int32Array() };
    }
    const { processor } = await this.#processors.get(this.info.modelId);
    const { inputIds, qformerInputIds } = processor.encode("");
    return { inputIds: Int32Array.from(inputIds), qformerInputIds: Int32Array.from(qformerInputIds) };
  }
}

function checked<T>(call: T): T {
  if (typeof call === "object" && call !== null) return call;
  throw invalidArgument("inputs", "an object with the processor's inputs", call);
}

function unknownSetting(name: string): InstructBlipError {
  const meant = nearMiss(camelCase(name), SETTINGS);
  const hint =
    meant === undefined ? `The settings are pool, ${SETTINGS.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no setting \`${name}\`. ${hint}`, {
    path: name,
  });
}

function readConfig(file: Uint8Array | undefined, source: string): InstructBlipConfig {
  if (file === undefined) throw new InstructBlipError("UNSUPPORTED", `${source} has no config.json.`);
  return InstructBlipConfig.fromJSON(JSON.parse(Buffer.from(file).toString("utf8")));
}
