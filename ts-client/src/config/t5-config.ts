import { z } from "zod";
import { configSpec, eosTokenId, epsilon, rate, type Shape, size, spread, tokenId } from "./config-spec.ts";
import { type ConfigFields, PretrainedConfig } from "./pretrained-config.ts";

type Alias = "hiddenSize" | "numHiddenLayers" | "numAttentionHeads" | "headDim";

const shape = {
  vocabSize: size.default(32128),
  dModel: size.default(512),
  dKv: size.default(64),
  dFf: size.default(2048),
  numLayers: size.default(6),
  numDecoderLayers: size.nullish(),
  numHeads: size.default(8),
  relativeAttentionNumBuckets: size.default(32),
  relativeAttentionMaxDistance: size.default(128),
  dropoutRate: rate.default(0.1),
  classifierDropout: rate.default(0),
  layerNormEpsilon: epsilon.default(1e-6),
  initializerFactor: spread.default(1),
  feedForwardProj: z
    .string()
    .regex(/^(gated-)?[^-]+$/, "must be an activation, or `gated-` and one")
    .default("relu"),
  denseActFn: z.string().nullish(),
  isGatedAct: z.boolean().nullish(),
  isEncoderDecoder: z.boolean().default(true),
  isDecoder: z.boolean().default(false),
  useCache: z.boolean().default(true),
  padTokenId: tokenId.default(0),
  eosTokenId: eosTokenId.default(1),
  tieWordEmbeddings: z.boolean().default(true),
  scaleDecoderOutputs: z.boolean().nullish(),
} satisfies Shape<T5Config, Alias>;

/** T5's configuration, with transformers' defaults (t5-small). Flan-T5 has `feedForwardProj: "gated-gelu"`. */
export class T5Config extends PretrainedConfig {
  static override readonly spec = configSpec({
    modelType: "t5",
    shape,
    aliases: {
      hiddenSize: "dModel",
      numHiddenLayers: "numLayers",
      numAttentionHeads: "numHeads",
      headDim: "dKv",
    },
    derive: (fields) => ({
      ...fields,
      numDecoderLayers: fields.numDecoderLayers ?? fields.numLayers,
      denseActFn: fields.denseActFn ?? activation(fields.feedForwardProj),
      isGatedAct: fields.isGatedAct ?? fields.feedForwardProj.startsWith("gated-"),
      scaleDecoderOutputs: fields.scaleDecoderOutputs ?? fields.tieWordEmbeddings,
      tieWordEmbeddings: true,
    }),
  });
  declare readonly modelType: "t5";
  /** Tokens of the vocabulary. @default 32128 */
  declare readonly vocabSize: number;
  /** Width of the layers. @default 512 */
  declare readonly dModel: number;
  /** Width of each attention head; `dKv × numHeads` need not be `dModel`. @default 64 */
  declare readonly dKv: number;
  /** Width inside the feed-forward layers. @default 2048 */
  declare readonly dFf: number;
  /** Layers of the encoder. @default 6 */
  declare readonly numLayers: number;
  /** Layers of the decoder. @default `numLayers` */
  declare readonly numDecoderLayers: number;
  /** Attention heads of each layer. @default 8 */
  declare readonly numHeads: number;
  /** Kinds of distance that attention tells apart. @default 32 */
  declare readonly relativeAttentionNumBuckets: number;
  /** Distance from which on all are one kind. @unit tokens @default 128 */
  declare readonly relativeAttentionMaxDistance: number;
  /** Share of values that training drops. @default 0.1 */
  declare readonly dropoutRate: number;
  /** The same in a classifier's head, which InstructBLIP has not. @default 0 */
  declare readonly classifierDropout: number;
  /** Added to the variance in layer normalisation. @default 1e-6 */
  declare readonly layerNormEpsilon: number;
  /** Scales freshly made weights. @default 1 */
  declare readonly initializerFactor: number;
  /** Activation of the feed-forward layers, gated or not: `relu`; `gated-gelu` for Flan-T5. @default "relu" */
  declare readonly feedForwardProj: string;
  /** The activation alone; `gated-gelu` means `gelu_new`. @default follows from `feedForwardProj` */
  declare readonly denseActFn: string;
  /** Whether it is gated. @default follows from `feedForwardProj` */
  declare readonly isGatedAct: boolean;
  /** Whether there is an encoder beside the decoder. @default true */
  declare readonly isEncoderDecoder: boolean;
  /** Whether this is a decoder alone. @default false */
  declare readonly isDecoder: boolean;
  /** Whether decoding keeps keys and values between steps. @default true */
  declare readonly useCache: boolean;
  /** Token that pads prompts and starts answers. @default 0 */
  declare readonly padTokenId: number | null;
  /** Token or tokens that end an answer. @default 1 */
  declare readonly eosTokenId: number | readonly number[] | null;
  /** Always true, as in transformers 5; `false`, as in Flan-T5's files, turns off `scaleDecoderOutputs`. @default true */
  declare readonly tieWordEmbeddings: boolean;
  /** Whether the decoder's output is scaled by `dModel^-0.5` before the head. @default true, as long as `tieWordEmbeddings` is not false */
  declare readonly scaleDecoderOutputs: boolean;

  /** @throws CONFIG_INVALID naming the field */
  constructor(fields: ConfigFields<T5Config> = {}) {
    super(fields);
  }

  /** Another name of `dModel`. */
  get hiddenSize(): number {
    return this.dModel;
  }

  /** Another name of `numLayers`. */
  get numHiddenLayers(): number {
    return this.numLayers;
  }

  /** Another name of `numHeads`. */
  get numAttentionHeads(): number {
    return this.numHeads;
  }

  /** Another name of `dKv`. */
  get headDim(): number {
    return this.dKv;
  }
}

function activation(feedForwardProj: string): string {
  return feedForwardProj === "gated-gelu" ? "gelu_new" : feedForwardProj.replace("gated-", "");
}
