import type { CallOptions } from "../../engine/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type {
  FeatureTensors,
  LanguageModelTensors,
  ModelTensors,
  OutputDType,
  QFormerTensors,
  VisionTensors,
} from "./tensors.ts";

/** Names of the tensors in `T`; those of a part have the part's name before a dot. */
export type OutputName<T> = {
  [K in keyof T & string]: T[K] extends Tensor ? K : `${K}.${keyof T[K] & string}`;
}[keyof T & string];

/** The tensors of `T` that have the names `N`, each in its place. */
export type Picked<T, N extends string> = {
  readonly [K in keyof T & PartOf<N>]: K extends N
    ? T[K]
    : Pick<T[K], Extract<keyof T[K], WithinPart<N, K & string>>>;
};

type PartOf<N extends string> = N extends `${infer Part}.${string}` ? Part : N;
type WithinPart<N extends string, Part extends string> = N extends `${Part}.${infer Name}` ? Name : never;

/**
 * The tensors of one model that come unless others are picked: its states, with `H` those of every layer, with `A` its
 * attentions.
 */
export type UsualOutputs<T, H extends boolean, A extends boolean> = Omit<
  T,
  "hiddenStates" | "attentions" | "crossAttentions"
> &
  Given<H, Pick<T, Extract<keyof T, "hiddenStates">>> &
  Given<A, Pick<T, Extract<keyof T, "attentions" | "crossAttentions">>>;

type Given<F extends boolean, T> = [F] extends [true] ? T : [F] extends [false] ? unknown : Partial<T>;

/** What comes of a picture unless other tensors are picked. */
export type UsualFeatures<H extends boolean, A extends boolean, D extends OutputDType> = Pick<
  FeatureTensors<D>,
  "poolerOutput"
> & {
  readonly visionOutputs: UsualOutputs<VisionTensors<D>, H, A>;
  readonly qformerOutputs: UsualOutputs<QFormerTensors<D>, H, A>;
};

/** What comes of the whole model unless other tensors are picked; `loss` where there are `labels`. */
export type UsualModelOutputs<L, H extends boolean, A extends boolean, D extends OutputDType> = Pick<
  ModelTensors<D>,
  "logits"
> &
  ([L] extends [undefined] ? unknown : Pick<ModelTensors<D>, "loss">) &
  Omit<UsualFeatures<H, A, D>, "poolerOutput"> & {
    /** Which there are beside `logits` depends on the language model and on what was asked for. */
    readonly languageModelOutputs: Pick<LanguageModelTensors<D>, "logits"> & Partial<LanguageModelTensors<D>>;
  };

/** Tensors in transformers' order, those of a part as a tuple of their own; what is not there is left out. */
export type OutputTuple<D extends OutputDType = "float32"> = readonly (Tensor<D> | readonly Tensor<D>[])[];

/** How a pass is treated, and the type of what it gives. */
export interface PassOptions<D extends OutputDType> extends CallOptions {
  /**
   * Type of the tensors that come back. `float16` and `bfloat16` halve what travels; `float32` holds exactly what a model
   * of any precision computed.
   * @default "float32"
   */
  readonly outputDtype?: D;
}

/** Picks tensors by name: nothing else is computed longer than needed, and nothing else travels. */
export interface PickOutputs<N extends string> {
  /** Names of tensors: `lastHiddenState`, and of a part `visionOutputs.lastHiddenState`. */
  readonly outputs: readonly N[];
  readonly outputHiddenStates?: undefined;
  readonly outputAttentions?: undefined;
  readonly returnDict?: true;
}

/** Asks for the tensors that transformers returns. */
export interface AskOutputs<H extends boolean, A extends boolean> {
  readonly outputs?: undefined;
  /** Return the states of every layer too. @default the configuration's `outputHiddenStates` */
  readonly outputHiddenStates?: H;
  /** Return the attentions of every layer too. @default the configuration's `outputAttentions` */
  readonly outputAttentions?: A;
  readonly returnDict?: true;
}

/** Asks for a tuple. */
export interface TupleOutputs<N extends string> {
  /** `false` returns an {@link OutputTuple} in place of an object. @default the configuration's `returnDict` */
  readonly returnDict: false;
  readonly outputs?: readonly N[];
  readonly outputHiddenStates?: boolean;
  readonly outputAttentions?: boolean;
}
