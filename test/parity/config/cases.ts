import fc from "fast-check";
import {
  type ConfigJson,
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  LlamaConfig,
  OPTConfig,
  type PretrainedConfig,
  T5Config,
} from "../../../ts-client/src/config/index.ts";

interface ConfigClass {
  fromJSON(json: ConfigJson): PretrainedConfig;
  fromPretrained(source: string): Promise<PretrainedConfig>;
}

export const CLASSES = {
  InstructBlipConfig,
  InstructBlipVisionConfig,
  InstructBlipQFormerConfig,
  T5Config,
  LlamaConfig,
  OPTConfig,
} satisfies Record<string, ConfigClass>;

export type ClassName = keyof typeof CLASSES;

/** The class with that name, or of that configuration. */
export function classOf(name: string): ConfigClass {
  return CLASSES[name as ClassName];
}

/** A dictionary of transformers, and the class it is for. */
export interface Case {
  readonly class: ClassName;
  readonly json: ConfigJson;
}

const size = fc.integer({ min: 1, max: 9000 });
const id = fc.integer({ min: 0, max: 900 });
const rate = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0.1));
const spread = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constantFrom(0, 1, 2, 1e-10));
const epsilon = fc.oneof(
  fc.double({ min: 1e-15, max: 1, noNaN: true }),
  fc.constantFrom(1, 1e-12, 1e-6, 1e-5),
);
const activation = fc.constantFrom("gelu", "relu", "selu", "silu", "gelu_new");
const special = fc.constantFrom("Infinity", "-Infinity", "NaN").map((tag) => ({ __float__: tag }));
const anything = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  special,
  fc.array(fc.integer()),
  fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.integer(), special)),
);
const common = {
  output_hidden_states: fc.boolean(),
  return_dict: fc.boolean(),
  dtype: fc.constantFrom("float32", "float16", "bfloat16", null),
  architectures: fc.constantFrom(null, ["Some"], ["LLaMAForCausalLM"]),
  unknown_key: anything,
  another: anything,
  camelCaseKey: anything,
};

const vision = {
  ...common,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  image_size: size,
  patch_size: size,
  hidden_act: activation,
  layer_norm_eps: epsilon,
  attention_dropout: rate,
  initializer_range: spread,
  qkv_bias: fc.boolean(),
};
const qformer = {
  ...common,
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  hidden_act: activation,
  hidden_dropout_prob: rate,
  attention_probs_dropout_prob: rate,
  max_position_embeddings: size,
  initializer_range: spread,
  layer_norm_eps: epsilon,
  pad_token_id: fc.oneof(id, fc.constant(null)),
  position_embedding_type: fc.constant("absolute"),
  cross_attention_frequency: size,
  encoder_hidden_size: size,
};
const t5 = {
  ...common,
  vocab_size: size,
  d_model: size,
  d_kv: size,
  d_ff: size,
  num_layers: size,
  num_decoder_layers: fc.oneof(size, fc.constant(null)),
  num_attention_heads: size,
  dropout_rate: rate,
  layer_norm_epsilon: epsilon,
  initializer_factor: spread,
  feed_forward_proj: fc.constantFrom("relu", "gated-gelu", "gated-silu", "gelu"),
  tie_word_embeddings: fc.boolean(),
  eos_token_id: fc.oneof(id, fc.array(id), fc.constant(null)),
  decoder_start_token_id: fc.constant(0),
};
const rope = fc.constantFrom(
  null,
  { rope_type: "default", rope_theta: 500000 },
  { rope_type: "linear", factor: 2 },
  { type: "dynamic", factor: 4 },
  { rope_type: "yarn", factor: 2, attention_factor: 1 },
  { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
);
const llama = {
  ...common,
  vocab_size: size,
  intermediate_size: size,
  num_key_value_heads: fc.oneof(size, fc.constant(null)),
  max_position_embeddings: size,
  initializer_range: rate,
  rms_norm_eps: epsilon,
  pad_token_id: fc.oneof(id, fc.constant(null)),
  attention_dropout: fc.oneof(rate, fc.constant(null)),
  rope_scaling: rope,
  rope_theta: fc.constantFrom(10000, 5000.5, 1e6),
  mlp_bias: fc.boolean(),
};
const opt = {
  ...common,
  vocab_size: size,
  hidden_size: size,
  word_embed_proj_dim: fc.oneof(size, fc.constant(null)),
  dropout: rate,
  layerdrop: rate,
  init_std: spread,
  activation_function: activation,
  enable_bias: fc.boolean(),
};

function some(shape: Readonly<Record<string, fc.Arbitrary<unknown>>>, modelType?: string) {
  const type = modelType === undefined ? {} : { model_type: modelType };
  return fc.record(shape, { requiredKeys: [] }).map((json) => ({ ...json, ...type }) as ConfigJson);
}

const text = fc.oneof(some(t5, "t5"), some(llama, "llama"), some(opt, "opt"), some(opt));
const whole = some({
  ...common,
  vision_config: fc.oneof(some(vision), fc.constant(null)),
  qformer_config: fc.oneof(some(qformer, "instructblip_qformer"), fc.constant(null)),
  text_config: fc.oneof(text, fc.constant(null)),
  num_query_tokens: size,
  image_token_id: id,
  initializer_factor: spread,
  initializer_range: spread,
});

const RANDOM: readonly (readonly [ClassName, fc.Arbitrary<ConfigJson>])[] = [
  ["InstructBlipConfig", whole],
  ["InstructBlipVisionConfig", some(vision)],
  ["InstructBlipQFormerConfig", some(qformer)],
  ["T5Config", some(t5)],
  ["LlamaConfig", some(llama)],
  ["OPTConfig", some(opt)],
];

/** The defaults of every class, the bundled checkpoints' files, an older file, and random dictionaries. */
export function configCases(files: readonly ConfigJson[], count: number): Case[] {
  return [
    ...(Object.keys(CLASSES) as ClassName[]).map((name) => ({ class: name, json: {} })),
    ...[...files, OLDER_FILE].map((json) => ({ class: "InstructBlipConfig" as const, json })),
    ...RANDOM.flatMap(([name, arbitrary]) =>
      fc.sample(arbitrary, { numRuns: count, seed: 20261123 }).map((json) => ({ class: name, json })),
    ),
  ];
}

/** As transformers 4 wrote files: options of generation among the rest, and names of that time. */
const OLDER_FILE: ConfigJson = {
  model_type: "instructblip",
  architectures: ["InstructBlipForConditionalGeneration"],
  torch_dtype: "float32",
  transformers_version: null,
  num_query_tokens: 32,
  use_decoder_only_language_model: true,
  tie_word_embeddings: false,
  vision_config: { model_type: "instructblip_vision_model", torch_dtype: null, initializer_range: 1e-10 },
  qformer_config: { model_type: "instructblip_qformer", vocab_size: 30523, classifier_dropout: null },
  text_config: {
    model_type: "llama",
    architectures: ["LLaMAForCausalLM"],
    torch_dtype: "float16",
    max_sequence_length: 2048,
    vocab_size: 32001,
    pad_token_id: 32000,
    rope_scaling: null,
  },
};
