import type { InstructBlipConfig } from "../../config/index.ts";
import { invalidArgument } from "../../errors/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { flag } from "./choose-outputs.ts";
import { FEATURE_OUTPUTS } from "./output-names.ts";
import { type Pixels, wirePixels } from "./pixels.ts";
import type { Pass } from "./run-pass.ts";
import { checkIds, checkMask, checkOneOrAll, type Ids, type Mask } from "./tensor-checks.ts";

/** What the vision model and the Q-Former take together. */
export interface FeatureInputs {
  /** float32 [rows, 3, height, width], normalised, as the processor makes it; a single picture serves all rows. */
  readonly pixelValues: Pixels;
  /** The instruction for the Q-Former: [rows, tokens], at most 512 of them. */
  readonly qformerInputIds: Ids;
  /** 1 for a token, 0 for padding. @default all 1 */
  readonly qformerAttentionMask?: Mask | undefined;
  /** Whether pictures may have another size than the model's; its position embeddings are interpolated. @default false */
  readonly interpolatePosEncoding?: boolean | undefined;
}

/** Names of {@link FeatureInputs}. */
export const FEATURE_FIELDS = [
  "pixelValues",
  "qformerInputIds",
  "qformerAttentionMask",
  "interpolatePosEncoding",
] as const satisfies (keyof FeatureInputs)[];

type Fields = Readonly<Record<string, unknown>>;

/** Checks a pass through all that comes before the language model. @throws INVALID_ARGUMENT naming the field */
export function featurePass(fields: Fields, config: InstructBlipConfig): Pass {
  const { interpolate, tensors } = featureInputs(fields, config);
  return {
    op: "imageFeatures",
    inputs: tensors,
    interpolate,
    names: FEATURE_OUTPUTS,
    needs: {},
    configOf: (part) => configOf(part, config),
  };
}

/** Checks pictures and the instructions about them. @throws INVALID_ARGUMENT naming the field */
export function featureInputs(
  fields: Fields,
  { visionConfig, qformerConfig }: InstructBlipConfig,
): { readonly interpolate: boolean; readonly rows: number; readonly tensors: Record<string, Tensor> } {
  const interpolate = flag("interpolatePosEncoding", fields.interpolatePosEncoding) ?? false;
  const pixels = wirePixels(fields.pixelValues, { imageSize: visionConfig.imageSize, interpolate });
  const { qformerInputIds, qformerAttentionMask } = fields;
  const { vocabSize, maxPositionEmbeddings } = qformerConfig;
  const ids = checkIds("qformerInputIds", qformerInputIds, ["rows", "tokens"], vocabSize);
  const [rows = 0, tokens = 0] = ids.shape;
  if (tokens > maxPositionEmbeddings) {
    throw invalidArgument("qformerInputIds", `of at most ${maxPositionEmbeddings} tokens`, tokens);
  }
  checkOneOrAll("pixelValues", pixels, rows);
  return {
    interpolate,
    rows,
    tensors: {
      pixel_values: pixels,
      qformer_input_ids: ids,
      ...(qformerAttentionMask !== undefined && {
        qformer_attention_mask: checkMask("qformerAttentionMask", qformerAttentionMask, [rows, tokens]),
      }),
    },
  };
}

/** The configuration whose settings hold for a part's tensors. */
export function configOf(part: string | undefined, config: InstructBlipConfig) {
  switch (part) {
    case "visionOutputs":
      return config.visionConfig;
    case "qformerOutputs":
      return config.qformerConfig;
    case "languageModelOutputs":
      return config.textConfig;
    default:
      return config;
  }
}
