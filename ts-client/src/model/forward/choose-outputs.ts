import { InstructBlipError, invalidArgument } from "../../errors/index.ts";
import { camelCase, nearMiss } from "../../errors/near-miss.ts";
import { isAttention, isOfEveryLayer } from "./output-names.ts";

/** What a call says of the tensors it wants; not checked. */
export interface OutputChoice {
  readonly outputs: unknown;
  readonly outputHiddenStates: unknown;
  readonly outputAttentions: unknown;
}

/** What holds when a call does not say. */
export interface OutputDefaults {
  readonly outputHiddenStates: boolean;
  readonly outputAttentions: boolean;
}

/** What a pass has to choose from. */
export interface OutputOffer {
  /** All tensors, in transformers' order. */
  readonly names: readonly string[];
  /** Those of them that are not there, by the input that they are made of. */
  readonly needs: Readonly<Record<string, string>>;
}

/**
 * The tensors that are wanted.
 *
 * @param defaultsOf - the settings of the configuration that a tensor's part has
 * @returns some of the names, in their order
 * @throws INVALID_ARGUMENT
 */
export function chooseOutputs(
  { names, needs }: OutputOffer,
  choice: OutputChoice,
  defaultsOf: (name: string) => OutputDefaults,
): string[] {
  if (choice.outputs !== undefined) return picked({ names, needs }, choice);
  const hiddenStates = flag("outputHiddenStates", choice.outputHiddenStates);
  const attentions = flag("outputAttentions", choice.outputAttentions);
  return names.filter((name) => {
    if (needs[name] !== undefined) return false;
    if (isOfEveryLayer(name)) return hiddenStates ?? defaultsOf(name).outputHiddenStates;
    return !isAttention(name) || (attentions ?? defaultsOf(name).outputAttentions);
  });
}

/** A switch that may be left out. @throws INVALID_ARGUMENT */
export function flag(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw invalidArgument(name, "true or false", value);
}

function picked({ names, needs }: OutputOffer, choice: OutputChoice): string[] {
  const { outputs } = choice;
  if (!Array.isArray(outputs) || outputs.length === 0) {
    throw invalidArgument("outputs", "an array of at least one tensor's name", outputs);
  }
  for (const flagged of ["outputHiddenStates", "outputAttentions"] as const) {
    if (choice[flagged] === undefined) continue;
    const remedy = "Name the tensors in `outputs`, or leave `outputs` out.";
    throw invalidArgument(flagged, "left out with `outputs`", choice[flagged], remedy);
  }
  for (const [i, name] of outputs.entries()) {
    if (!names.includes(name)) throw unknownOutput(name, i, names);
    const needed = needs[name];
    if (needed !== undefined) throw invalidArgument(needed, `given for the output \`${name}\``, undefined);
  }
  return names.filter((name) => outputs.includes(name));
}

function unknownOutput(name: unknown, index: number, names: readonly string[]): InstructBlipError {
  const path = `outputs[${index}]`;
  if (typeof name !== "string") return invalidArgument(path, "a tensor's name", name);
  const camel = camelCase(name);
  const within = names.filter((each) => each.endsWith(`.${camel}`) || each.startsWith(`${camel}.`));
  const near = names.includes(camel) ? camel : nearMiss(camel, names);
  const meant = within.length > 0 ? within : near === undefined ? [] : [near];
  const hint =
    meant.length > 0 ? `Did you mean \`${meant.join("`, `")}\`?` : `There are \`${names.join("`, `")}\`.`;
  return new InstructBlipError(
    "INVALID_ARGUMENT",
    `There is no output \`${name.slice(0, 60)}\` here. ${hint}`,
    {
      path,
    },
  );
}
