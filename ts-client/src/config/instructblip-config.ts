import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import { readPart } from "./config-part.ts";
import { configSpec, type Shape, size, spread } from "./config-spec.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";
import { InstructBlipQFormerConfig } from "./qformer-config.ts";
import { type TextConfig, textConfigClass } from "./text-config.ts";
import { InstructBlipVisionConfig } from "./vision-config.ts";

/** Fields of {@link InstructBlipConfig}. */
export type InstructBlipConfigFields = Omit<
  ConfigFields<InstructBlipConfig>,
  "visionConfig" | "qformerConfig" | "textConfig" | "useDecoderOnlyLanguageModel"
> & {
  /** A configuration, its fields, or its dictionary of transformers. @default the published checkpoints' */
  readonly visionConfig?: InstructBlipVisionConfig | ConfigFields<InstructBlipVisionConfig> | null;
  /** A configuration, its fields, or its dictionary of transformers. @default a BERT of base size */
  readonly qformerConfig?: InstructBlipQFormerConfig | ConfigFields<InstructBlipQFormerConfig> | null;
  /** A configuration, its fields, or its dictionary of transformers; `modelType` says which. @default OPT's */
  readonly textConfig?: TextConfig | ConfigFields<TextConfig> | null;
} & { readonly [key: `${string}_${string}`]: unknown };

const given = z.unknown().default(null);
const shape = {
  visionConfig: given.transform((value) => readPart(InstructBlipVisionConfig, value, "visionConfig")),
  qformerConfig: given.transform((value) => readPart(InstructBlipQFormerConfig, value, "qformerConfig")),
  textConfig: given.transform(readTextConfig),
  numQueryTokens: size.default(32),
  imageTokenIndex: z.int().nullable().default(null),
  initializerFactor: spread.default(1),
  initializerRange: spread.default(0.02),
  useDecoderOnlyLanguageModel: z.boolean().nullish(),
} satisfies Shape<InstructBlipConfig, "imageTokenId">;

/**
 * The configuration of an InstructBLIP model. Without fields it has the published checkpoints' vision
 * encoder and Q-Former, and OPT as language model, as in transformers.
 *
 * @example
 * const config = new InstructBlipConfig({ textConfig: new T5Config({ dModel: 2048 }) });
 * console.log(config.textConfig.modelType, config.numQueryTokens); // t5 32
 */
export class InstructBlipConfig extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "instructblip",
    shape,
    aliases: { imageTokenId: "imageTokenIndex" },
    derive: (fields) => ({
      ...fields,
      qformerConfig: new InstructBlipQFormerConfig({
        ...fields.qformerConfig,
        extra: fields.qformerConfig.extra,
        encoderHiddenSize: fields.visionConfig.hiddenSize,
      }),
      useDecoderOnlyLanguageModel: fields.textConfig.modelType !== "t5",
    }),
  });
  declare readonly modelType: "instructblip";
  /** The vision encoder. */
  declare readonly visionConfig: InstructBlipVisionConfig;
  /** The Q-Former; its `encoderHiddenSize` is always the vision encoder's `hiddenSize`. */
  declare readonly qformerConfig: InstructBlipQFormerConfig;
  /** The language model: T5, LLaMA or OPT. */
  declare readonly textConfig: TextConfig;
  /** Queries the Q-Former hands to the language model for each picture. @default 32 */
  declare readonly numQueryTokens: number;
  /** Token that stands for a query in the prompts of newer checkpoints; prompts here have none. @default null */
  declare readonly imageTokenIndex: number | null;
  /** Scales freshly made weights. @default 1 */
  declare readonly initializerFactor: number;
  /** Standard deviation of freshly made weights outside the three parts. @default 0.02 */
  declare readonly initializerRange: number;
  /** Whether the language model is a decoder alone (LLaMA, OPT) and not an encoder with a decoder (T5). */
  declare readonly useDecoderOnlyLanguageModel: boolean;

  /** @throws CONFIG_INVALID naming the field; UNSUPPORTED for another language model */
  constructor(fields: InstructBlipConfigFields = {}) {
    super(fields);
  }

  /** Another name of `imageTokenIndex`. */
  get imageTokenId(): number | null {
    return this.imageTokenIndex;
  }

  /**
   * The configuration made of its three parts.
   *
   * @example
   * const config = InstructBlipConfig.fromVisionQformerTextConfigs(
   *   new InstructBlipVisionConfig(),
   *   new InstructBlipQFormerConfig(),
   *   new OPTConfig(),
   *   { numQueryTokens: 16 },
   * );
   * console.log(config.textConfig.modelType, config.numQueryTokens); // opt 16
   */
  static fromVisionQformerTextConfigs(
    visionConfig: InstructBlipVisionConfig,
    qformerConfig: InstructBlipQFormerConfig,
    textConfig: TextConfig,
    fields: InstructBlipConfigFields = {},
  ): InstructBlipConfig {
    return new InstructBlipConfig({ ...fields, visionConfig, qformerConfig, textConfig });
  }

  /**
   * A name that an example of transformers' documentation uses, though there never was such a method.
   *
   * @deprecated Use {@link InstructBlipConfig.fromVisionQformerTextConfigs}.
   * @throws UNSUPPORTED always
   */
  static fromTextVisionConfigs(..._parts: readonly unknown[]): never {
    throw new InstructBlipError(
      "UNSUPPORTED",
      "There is no `fromTextVisionConfigs` (`from_text_vision_configs` in an example of transformers), and never " +
        "was. Use `InstructBlipConfig.fromVisionQformerTextConfigs(visionConfig, qformerConfig, textConfig)`.",
      { path: "fromTextVisionConfigs" },
    );
  }
}

function readTextConfig(value: unknown): TextConfig {
  const { modelType, model_type = modelType } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return readPart<TextConfig>(textConfigClass(model_type ?? "opt"), value, "textConfig");
}
