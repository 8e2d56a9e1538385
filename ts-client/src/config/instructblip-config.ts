import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InstructBlipError } from "../errors/index.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import {
  type ConfigJson,
  type ConfigMethods,
  fractionKeys,
  fromSnakeCase,
  parseConfig,
  splitFields,
  toSnakeCase,
} from "./config-class.ts";
import { size, spread } from "./fields.ts";
import { jsonString } from "./json-string.ts";
import { InstructBlipQFormerConfig } from "./qformer-config.ts";
import { type TextConfig, textConfigClass, textConfigFromJSON } from "./text-config.ts";
import { InstructBlipVisionConfig } from "./vision-config.ts";

/** Fields of {@link InstructBlipConfig}; parts are configurations or their fields. */
export interface InstructBlipConfigFields {
  readonly visionConfig?:
    | InstructBlipVisionConfig
    | ConstructorParameters<typeof InstructBlipVisionConfig>[0];
  readonly qformerConfig?:
    | InstructBlipQFormerConfig
    | ConstructorParameters<typeof InstructBlipQFormerConfig>[0];
  /** Fields need `modelType`: `t5`, `llama` or `opt`. @default OPT's */
  readonly textConfig?: TextConfig | (ConfigJson & { readonly modelType?: string });
  /** Queries the Q-Former hands to the language model. @default 32 */
  readonly numQueryTokens?: number;
  /** Id of the placeholder that newer checkpoints use. @default null */
  readonly imageTokenIndex?: number | null;
  /** @default 1 */
  readonly initializerFactor?: number;
  /** @default 0.02 */
  readonly initializerRange?: number;
  /** Keys this package knows nothing of are kept in `extra`. */
  readonly [key: string]: unknown;
}

const ownFields = z.object({
  numQueryTokens: size.default(32),
  imageTokenIndex: z.int().nullable().default(null),
  initializerFactor: spread.default(1),
  initializerRange: spread.default(0.02),
});
const OWN = Object.keys(ownFields.shape);
const PARTS = ["visionConfig", "qformerConfig", "textConfig"];
/** Follows from the language model. */
const DERIVED = "use_decoder_only_language_model";

/**
 * The configuration of an InstructBLIP model. Without fields it has the published checkpoints' vision
 * encoder and Q-Former, and OPT as language model, as in transformers.
 *
 * @example
 * const config = new InstructBlipConfig({ textConfig: new T5Config({ dModel: 2048 }) });
 * console.log(config.textConfig.modelType, config.numQueryTokens); // t5 32
 */
export class InstructBlipConfig implements ConfigMethods {
  static readonly modelType = "instructblip";
  readonly modelType = "instructblip";
  readonly visionConfig: InstructBlipVisionConfig;
  readonly qformerConfig: InstructBlipQFormerConfig;
  readonly textConfig: TextConfig;
  readonly numQueryTokens: number;
  readonly imageTokenIndex: number | null;
  readonly initializerFactor: number;
  readonly initializerRange: number;
  readonly extra: Readonly<ConfigJson>;

  /** @throws CONFIG_INVALID naming the field; UNSUPPORTED for another language model */
  constructor(fields: InstructBlipConfigFields = {}) {
    const { known, extra } = splitFields(fields, [...OWN, ...PARTS]);
    const { visionConfig, qformerConfig, textConfig, ...own } = known;
    const values = parseConfig(ownFields, own, "InstructBLIP");
    this.visionConfig =
      visionConfig instanceof InstructBlipVisionConfig
        ? visionConfig
        : new InstructBlipVisionConfig(asFields(visionConfig, "visionConfig"));
    // As in transformers: the Q-Former always looks at features of the vision encoder's width.
    this.qformerConfig = new InstructBlipQFormerConfig({
      ...asFields(qformerConfig, "qformerConfig"),
      encoderHiddenSize: this.visionConfig.hiddenSize,
    });
    this.textConfig = asTextConfig(textConfig);
    this.numQueryTokens = values.numQueryTokens;
    this.imageTokenIndex = values.imageTokenIndex;
    this.initializerFactor = values.initializerFactor;
    this.initializerRange = values.initializerRange;
    delete extra[DERIVED];
    this.extra = extra;
  }

  /** Whether the language model is a decoder alone (LLaMA, OPT) and not an encoder with a decoder (T5). */
  get useDecoderOnlyLanguageModel(): boolean {
    return this.textConfig.modelType !== "t5";
  }

  /** The configuration made of its three parts. */
  static fromVisionQformerTextConfigs(
    visionConfig: InstructBlipVisionConfig,
    qformerConfig: InstructBlipQFormerConfig,
    textConfig: TextConfig,
    fields: InstructBlipConfigFields = {},
  ): InstructBlipConfig {
    return new InstructBlipConfig({ ...fields, visionConfig, qformerConfig, textConfig });
  }

  /** Reads transformers' dictionary, as it stands in a `config.json`. */
  static fromJSON(json: ConfigJson): InstructBlipConfig {
    const { known, rest } = fromSnakeCase(json, [...OWN, ...PARTS]);
    const { visionConfig, qformerConfig, textConfig, ...own } = known;
    return new InstructBlipConfig({
      ...rest,
      ...own,
      visionConfig: InstructBlipVisionConfig.fromJSON(asFields(visionConfig, "vision_config")),
      qformerConfig: InstructBlipQFormerConfig.fromJSON(asFields(qformerConfig, "qformer_config")),
      textConfig: textConfigFromJSON(asFields(textConfig, "text_config")),
    });
  }

  /**
   * Reads the `config.json` of a bundled checkpoint or of a folder.
   *
   * @throws MODEL_NOT_FOUND when there is none
   */
  static async fromPretrained(source: string): Promise<InstructBlipConfig> {
    const path = join(await checkpointFolder(source), "config.json");
    let json: unknown;
    try {
      json = JSON.parse(await readFile(path, "utf8"));
    } catch (cause) {
      throw new InstructBlipError("CONFIG_INVALID", `${path} is not JSON.`, { cause, path });
    }
    return InstructBlipConfig.fromJSON(asFields(json, path));
  }

  /** The dictionary transformers reads and writes. */
  toJSON(): ConfigJson {
    const { visionConfig, qformerConfig, textConfig, modelType, extra, ...own } = this;
    return {
      ...extra,
      model_type: modelType,
      ...toSnakeCase(own),
      [DERIVED]: this.useDecoderOnlyLanguageModel,
      vision_config: visionConfig.toJSON(),
      qformer_config: qformerConfig.toJSON(),
      text_config: textConfig.toJSON(),
    };
  }

  /** The text of a `config.json`. */
  toJSONString(): string {
    return jsonString(this, allFractions(this));
  }
}

/** The keys of all parts that hold fractions; no key is a whole number in one part and a fraction in another. */
function allFractions({ textConfig }: InstructBlipConfig): string[] {
  return [
    ...fractionKeys(ownFields),
    ...InstructBlipVisionConfig.fractions,
    ...InstructBlipQFormerConfig.fractions,
    ...textConfigClass(textConfig.modelType).fractions,
  ];
}

function asTextConfig(value: unknown): TextConfig {
  const fields = asFields(value, "textConfig");
  const Class = textConfigClass(fields.modelType ?? "opt");
  return value instanceof Class ? value : new Class(fields);
}

/** A part's fields; a configuration's own and the keys it kept. */
function asFields(value: unknown, path: string): ConfigJson {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new InstructBlipError("CONFIG_INVALID", `\`${path}\` must be an object.`, { path });
  }
  const { extra, modelType } = value as Partial<ConfigMethods>;
  return { ...extra, ...value, ...(modelType !== undefined && { modelType }) };
}
