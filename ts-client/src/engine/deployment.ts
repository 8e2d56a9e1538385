/** Numbers a model computes in. */
export type Precision = "auto" | "float32" | "bfloat16" | "float16";
/** How the language model's weights are stored: 8-bit or 4-bit integers, or not quantised. */
export type Quantization = "none" | "int8" | "nf4";

/**
 * A configuration of which a model can be made: an `InstructBlipConfig`, `InstructBlipVisionConfig` or
 * `InstructBlipQFormerConfig`, or transformers' dictionary (`to_dict()`) with its `model_type`.
 */
export type ModelConfig =
  | {
      readonly modelType: string;
      /** transformers' dictionary. */
      toJSON(): Record<string, unknown>;
    }
  | { readonly model_type: string; readonly [key: string]: unknown };

/** A model to serve, and how: its `source` or its `config`. One worker process hosts one deployment. */
export interface DeploymentSpec {
  /** The name requests use. @default the source, shortened */
  readonly modelId?: string;
  /** A bundled name (`tiny-shapes-t5`), a checkpoint folder, or a hub repository (`owner/name`). */
  readonly source?: string;
  /**
   * In place of `source`: random weights, those Python gets from `torch.manual_seed(seed)` and then the class of the
   * configuration. An encoder's configuration makes that encoder alone. The model has no tokenizers and no
   * processor; its special tokens are those of the configuration.
   */
  readonly config?: ModelConfig;
  /** Where the random numbers of `config` start. @default 0 */
  readonly seed?: number;
  /** Hub revision: branch, tag or commit. @default "main" */
  readonly revision?: string;
  /** @default "auto": bfloat16 on Ampere and later, float16 on older GPUs, float32 on the CPU */
  readonly dtype?: Precision;
  /** @default "none" */
  readonly quantization?: Quantization;
  /** Worker processes. @default 1 */
  readonly workers?: number;
  /** One device for each worker, used in turn: `auto`, `cpu`, `cuda`, `cuda:N`, `mps`. @default ["auto"] */
  readonly devices?: readonly string[];
  /** CPU threads of each worker; 0 leaves the choice to torch. @default cores / CPU workers */
  readonly threads?: number;
  /** Rows a worker runs at once. @default 8 on the CPU, 16 on a GPU */
  readonly slots?: number;
  /** Memory for vision features in each worker. @unit bytes @default 268435456 */
  readonly featureCacheBytes?: number;
  /** Folder of the hub's cache. @default huggingface_hub's own */
  readonly cacheDir?: string;
  /** Use what is in the hub's cache, download nothing. @default false */
  readonly offline?: boolean;
  /**
   * The hub's token, for what is private or gated. It goes to the workers in their environment, and is neither shown
   * nor logged. @default `HF_TOKEN`, or what `hf auth login` has kept
   */
  readonly token?: string;
  /** Told of every step of every load, in order; of a shared pool's loads, a few times a second. */
  readonly progressCallback?: (progress: LoadProgress) => void;
}

/** How far a worker's load has come. */
export interface LoadProgress {
  readonly workerId: string;
  readonly modelId: string;
  /** `import`, `download`, `read`, `build`, `move`, `check` or `warm`. */
  readonly stage: string;
  /** Share of the stage that is done, from 0 to 1; undefined when it cannot be known. */
  readonly fraction: number | undefined;
  /** The file that is being fetched. */
  readonly file: string | undefined;
  /** What is there of all files that have to be fetched. @unit bytes */
  readonly loadedBytes: number | undefined;
  /** @unit bytes */
  readonly totalBytes: number | undefined;
}

/** A deployment as it is served. */
export interface ModelInfo {
  /** The name requests use. */
  readonly modelId: string;
  /** As it was given; `config:…` with a hash and the seed for random weights. */
  readonly source: string;
  /** Of a hub repository, as it was given. */
  readonly revision: string | undefined;
  /** What its workers compute in: `auto` is resolved. */
  readonly dtype: Exclude<Precision, "auto">;
  /** How the language model's weights are stored. */
  readonly quantization: Quantization;
  /** `none`: an encoder alone, whose counts of tokens and positions are 0. */
  readonly languageModel: "t5" | "llama" | "opt" | "none" | "scripted";
  /** How many weights there are. */
  readonly parameters: number;
  /** Token ids of the language model are below this. */
  readonly vocabSize: number;
  /** Embeddings that stand for a picture before the prompt. */
  readonly numQueryTokens: number;
  /** Pictures are squares of this side. @unit pixels */
  readonly imageSize: number;
  /** Longest instruction of the Q-Former. @unit tokens */
  readonly qformerMaxTokens: number;
  /** Most positions of the language model; undefined when it sets none. */
  readonly contextLength: number | undefined;
  /** First token of every returned sequence. */
  readonly startTokenId: number;
  /** Tokens that end a row. */
  readonly eosTokenIds: readonly number[];
  /** Fills shorter rows. */
  readonly padTokenId: number;
  /** Rows each worker runs at once. */
  readonly slots: number;
  /** SHA-256 over the processor's files. */
  readonly assetsHash: string;
  /** What the self-check after loading found worth saying. */
  readonly warnings: readonly string[];
}

/** The files a processor is made from, by path within the checkpoint. */
export interface ProcessorAssets {
  /** SHA-256 over the files. */
  readonly hash: string;
  /** Their bytes, by path. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}
