import type { InstructBlipQFormerConfig } from "../../config/index.ts";
import { InstructBlipError, invalidArgument } from "../../errors/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { QFORMER_OUTPUTS } from "./output-names.ts";
import type { Pass } from "./run-pass.ts";
import {
  checkIds,
  checkMask,
  checkOneOrAll,
  checkTensor,
  type Embeddings,
  FRACTIONS,
  type Ids,
  type Mask,
  shown,
} from "./tensor-checks.ts";

/** What the Q-Former takes. Its positions are those of `queryEmbeds`, then those of `inputIds`. */
export interface QFormerInputs {
  /** The instruction: [rows, tokens]. May be left out where there are `queryEmbeds`. */
  readonly inputIds?: Ids | undefined;
  /** 1 for a position, 0 for padding: [rows, queries + tokens]. @default all 1 */
  readonly attentionMask?: Mask | undefined;
  /** The instruction's places: [rows, tokens], or one row for all. @default 0, 1, 2, … */
  readonly positionIds?: Ids | undefined;
  /** [rows, queries, width], or one row for all. Without them the instruction is read alone, and no picture. */
  readonly queryEmbeds?: Embeddings | undefined;
  /** The picture's features: [rows, the picture's positions, width], or one row for all. Needed with `queryEmbeds`. */
  readonly encoderHiddenStates?: Embeddings | undefined;
  /** [rows, the picture's positions], or one row for all: 1 for what queries may look at. @default all 1 */
  readonly encoderAttentionMask?: Mask | undefined;
  /** Not there any more: it is refused with `UNSUPPORTED`. */
  readonly headMask?: undefined;
  /** Not there any more: it is refused with `UNSUPPORTED`. */
  readonly pastKeyValues?: undefined;
  /** There is nothing to keep between passes: `true` is refused with `UNSUPPORTED`. @default false */
  readonly useCache?: false | undefined;
}

const TENSORS = [
  "inputIds",
  "attentionMask",
  "positionIds",
  "queryEmbeds",
  "encoderHiddenStates",
  "encoderAttentionMask",
] as const satisfies (keyof QFormerInputs)[];

/** Names of {@link QFormerInputs}. */
export const QFORMER_FIELDS = [
  ...TENSORS,
  "headMask",
  "pastKeyValues",
  "useCache",
] as const satisfies (keyof QFormerInputs)[];

/** What transformers 5 takes without a word and does not do. */
const GONE = {
  headMask:
    "transformers 5 has no head masks any more. Zero the columns of those heads in the checkpoint's " +
    "`attention.output.dense` weights.",
  pastKeyValues:
    "transformers 5's Q-Former takes no keys and values of earlier passes. Give all of `inputIds` each time.",
  useCache:
    "transformers 5's Q-Former keeps no keys and values: every position looks at all others. Leave it out.",
} as const satisfies Partial<Record<keyof QFormerInputs, string>>;

/** Checks a pass through the Q-Former. @throws INVALID_ARGUMENT, UNSUPPORTED naming the field */
export function qformerPass(
  fields: Readonly<Record<string, unknown>>,
  config: InstructBlipQFormerConfig,
): Pass {
  refuseGone(fields);
  const inputs = checkInputs(fields, config);
  return {
    op: "qformerForward",
    inputs: Object.fromEntries(
      Object.entries(inputs).flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : [])),
    ),
    interpolate: false,
    names: QFORMER_OUTPUTS,
    needs: inputs.query_embeds === undefined ? { crossAttentions: "queryEmbeds" } : {},
    configOf: () => config,
  };
}

function refuseGone(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, why] of Object.entries(GONE)) {
    const value = fields[name];
    if (value === undefined || value === null || (name === "useCache" && value === false)) continue;
    throw new InstructBlipError("UNSUPPORTED", `\`${name}\` does not exist here. ${why}`, { path: name });
  }
}

function checkInputs(
  fields: Readonly<Record<string, unknown>>,
  { vocabSize, hiddenSize, maxPositionEmbeddings, encoderHiddenSize }: InstructBlipQFormerConfig,
): Record<string, Tensor | undefined> {
  const given = <T>(name: (typeof TENSORS)[number], check: (value: unknown) => T): T | undefined =>
    fields[name] === undefined ? undefined : check(fields[name]);

  const ids = given("inputIds", (value) => checkIds("inputIds", value, ["rows", "tokens"], vocabSize));
  const queries = given("queryEmbeds", (value) =>
    checkTensor("queryEmbeds", value, FRACTIONS, ["rows", "queries", hiddenSize]),
  );
  if (ids === undefined && queries === undefined) {
    throw invalidArgument("inputIds", "given where there are no `queryEmbeds`", undefined);
  }
  const tokens = ids?.shape[1] ?? 0;
  if (tokens > maxPositionEmbeddings) {
    throw invalidArgument("inputIds", `of at most ${maxPositionEmbeddings} tokens`, tokens);
  }
  const positions = (queries?.shape[1] ?? 0) + tokens;
  const picture = given("encoderHiddenStates", (value) =>
    checkTensor("encoderHiddenStates", value, FRACTIONS, ["rows", "positions", encoderHiddenSize]),
  );
  if (queries !== undefined && picture === undefined) {
    const remedy = "Queries look at a picture: give the vision model's `lastHiddenState`.";
    throw invalidArgument("encoderHiddenStates", "given with `queryEmbeds`", undefined, remedy);
  }
  for (const name of ["encoderHiddenStates", "encoderAttentionMask"] as const) {
    if (queries !== undefined || fields[name] === undefined) continue;
    const remedy = "Text alone does not look at the picture.";
    throw invalidArgument(name, "left out without `queryEmbeds`", shown(fields[name]), remedy);
  }
  const rows = ids?.shape[0] ?? Math.max(queries?.shape[0] ?? 1, picture?.shape[0] ?? 1);
  const positionIds = given("positionIds", (value) =>
    checkIds("positionIds", value, ["rows", tokens], maxPositionEmbeddings),
  );
  const pictureMask = given("encoderAttentionMask", (value) =>
    checkMask("encoderAttentionMask", value, ["rows", picture?.shape[1] ?? "positions"]),
  );
  checkOneOrAll("queryEmbeds", queries, rows);
  checkOneOrAll("encoderHiddenStates", picture, rows);
  checkOneOrAll("positionIds", positionIds, rows);
  checkOneOrAll("encoderAttentionMask", pictureMask, rows);
  return {
    input_ids: ids,
    attention_mask: given("attentionMask", (value) => checkMask("attentionMask", value, [rows, positions])),
    position_ids: positionIds,
    query_embeds: queries,
    encoder_hidden_states: picture,
    encoder_attention_mask: pictureMask,
  };
}
