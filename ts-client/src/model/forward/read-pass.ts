import type { CallOptions } from "../../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../../errors/index.ts";
import { camelCase, nearMiss } from "../../errors/near-miss.ts";
import { CALL_OPTIONS, takeCallOptions } from "../call-options.ts";
import { flag, type OutputChoice } from "./choose-outputs.ts";
import { FRACTIONS } from "./tensor-checks.ts";
import type { OutputDType } from "./tensors.ts";

/** A call of `forward`, taken apart. */
export interface PassCall {
  readonly call: CallOptions;
  readonly choice: OutputChoice;
  readonly outputDtype: OutputDType;
  readonly returnDict: boolean | undefined;
  /** The model's own fields; not checked. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const OPTIONS = ["outputs", "outputHiddenStates", "outputAttentions", "outputDtype", "returnDict"];

/**
 * Takes a call apart.
 *
 * @param names - of the model's own fields
 * @throws INVALID_ARGUMENT for what is no field of the model, nor an option
 */
export function readPass(call: unknown, names: readonly string[]): PassCall {
  if (typeof call !== "object" || call === null) {
    throw invalidArgument("inputs", `an object with ${names[0]}, …`, call);
  }
  const { call: callOptions, rest } = takeCallOptions(call);
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  for (const [name] of given)
    if (!names.includes(name) && !OPTIONS.includes(name)) throw unknownField(name, names);
  const {
    outputs,
    outputHiddenStates,
    outputAttentions,
    outputDtype = "float32",
    returnDict,
    ...fields
  } = Object.fromEntries(given);
  const known = FRACTIONS.find((dtype) => dtype === outputDtype);
  if (known === undefined)
    throw invalidArgument("outputDtype", `one of ${FRACTIONS.join(", ")}`, outputDtype);
  return {
    call: callOptions,
    choice: { outputs, outputHiddenStates, outputAttentions },
    outputDtype: known,
    returnDict: flag("returnDict", returnDict),
    fields,
  };
}

function unknownField(name: string, names: readonly string[]): InstructBlipError {
  const camel = camelCase(name);
  const all = [...names, ...OPTIONS, ...Object.keys(CALL_OPTIONS)];
  const meant = all.includes(camel) ? camel : nearMiss(camel, all);
  const hint = meant === undefined ? `It takes \`${names.join("`, `")}\`.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `This model takes no \`${name.slice(0, 60)}\`. ${hint}`, {
    path: name,
  });
}
