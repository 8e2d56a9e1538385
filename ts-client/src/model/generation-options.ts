import type { WireGenerateOptions } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { camelCase, nearMiss } from "../errors/near-miss.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { GENERATION_OPTIONS, type GenerationOptionName, type OptionFacts } from "./generation-table.ts";
import { REMOVED_OPTIONS } from "./removed-options.ts";
import { WATERMARKING_FIELDS } from "./watermarking.ts";

/** New tokens of `generate` when no length is given: transformers' `max_length` of 20 less the start token. */
export const GENERATE_MAX_NEW_TOKENS = 19;

/** New tokens of `ask` and `stream` when no length is given. */
export const ASK_MAX_NEW_TOKENS = 256;

/** How the options are to be used. */
export interface WireContext {
  /** New tokens when no length is given. */
  readonly maxNewTokens: number;
  /** Whether chunks are wanted. */
  readonly stream: boolean;
  /** Names that the caller takes itself: a misspelt one is answered with the right one. */
  readonly otherNames: readonly string[];
}

const TABLE: Readonly<Record<string, OptionFacts>> = GENERATION_OPTIONS;
const LENGTHS: readonly string[] = ["maxNewTokens", "minNewTokens"];

/**
 * Checks generation options and turns them into the wire's. Options without effect do not travel, so that
 * requests which decode alike also look alike to the batcher.
 *
 * @throws INVALID_ARGUMENT for an unknown name, a wrong value, or values that contradict each other
 * @throws UNSUPPORTED for options of transformers that do not exist here
 */
export function toWireOptions(options: GenerateOptions, context: WireContext): WireGenerateOptions {
  checkOptions(options, context.otherNames);
  const lengths = resolveLengths(options, context.maxNewTokens);
  checkTogether(options, context.stream);
  const wire: Record<string, unknown> = { ...lengths };
  for (const [name, facts] of Object.entries(TABLE)) {
    const value = options[name as GenerationOptionName];
    if (value === undefined || facts.wire === null || LENGTHS.includes(name) || !hasEffect(facts, options)) {
      continue;
    }
    wire[facts.wire] = wireValue(name, value);
  }
  return wire as WireGenerateOptions;
}

/** Checks the name and the value of every option, each on its own. */
function checkOptions(options: object, otherNames: readonly string[]): asserts options is GenerateOptions {
  for (const [name, value] of Object.entries(options)) {
    const facts = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
    if (facts === undefined) throw unknownOption(name, otherNames);
    if (value !== undefined && !facts.rule.accepts(value)) {
      throw invalidArgument(name, facts.rule.expected, value, facts.remedy);
    }
  }
}

function unknownOption(name: string, otherNames: readonly string[]): InstructBlipError {
  const camel = camelCase(name);
  const instead = REMOVED_OPTIONS[camel];
  if (instead !== undefined && Object.hasOwn(REMOVED_OPTIONS, camel)) {
    return new InstructBlipError("UNSUPPORTED", `\`${camel}\` does not exist here. ${instead}`, {
      path: name,
    });
  }
  const names = [...Object.keys(TABLE), ...otherNames];
  const meant = names.includes(camel) ? camel : nearMiss(camel, names);
  const hint =
    meant === undefined ? "See the generation options in the README." : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no option \`${name}\`. ${hint}`, { path: name });
}

/** The seed's lengths as counts of new tokens. */
function resolveLengths(
  options: GenerateOptions,
  fallback: number,
): Pick<WireGenerateOptions, "max_new_tokens" | "min_new_tokens"> {
  const fromMax = options.maxLength === undefined ? fallback : options.maxLength - 1;
  const fromMin = options.minLength === undefined ? undefined : Math.max(options.minLength - 1, 0);
  const max = options.maxNewTokens ?? fromMax;
  const min = options.minNewTokens ?? fromMin ?? 0;
  if (min > max) {
    const path = options.minNewTokens === undefined ? "minLength" : "minNewTokens";
    const remedy = `Raise \`maxNewTokens\` to ${min} or more.`;
    throw invalidArgument(
      path,
      `no more than the longest answer, which is ${max} new tokens`,
      options[path],
      remedy,
    );
  }
  return { max_new_tokens: max, ...(min > 0 && { min_new_tokens: min }) };
}

function checkTogether(options: GenerateOptions, stream: boolean): void {
  const { numBeams = 1, numReturnSequences = 1, doSample = false } = options;
  if (!doSample && numReturnSequences > numBeams) {
    throw invalidArgument(
      "numReturnSequences",
      `at most \`numBeams\` (${numBeams}) without sampling`,
      numReturnSequences,
      `Set \`numBeams: ${numReturnSequences}\` or \`doSample: true\`.`,
    );
  }
  if (doSample && options.temperature === 0) {
    throw invalidArgument(
      "temperature",
      "above 0 when sampling",
      0,
      "Set `doSample: false` for the likeliest answer.",
    );
  }
  if (options.promptLookupNumTokens !== undefined) checkLookup(options);
  if (stream && numBeams > 1) {
    throw invalidArgument(
      "numBeams",
      "1 for a stream",
      numBeams,
      "Beam search knows its first token only at the end: use `ask`, or stream without beams.",
    );
  }
  if (stream && numReturnSequences > 1) {
    throw invalidArgument(
      "numReturnSequences",
      "1 for a stream",
      numReturnSequences,
      "Use `ask`, or several streams.",
    );
  }
}

/** Guessing ahead is greedy decoding's, with keys and values that can be taken back. */
function checkLookup(options: GenerateOptions): void {
  const contrary = {
    numBeams: (options.numBeams ?? 1) > 1,
    doSample: options.doSample === true,
    useCache: options.useCache === false,
    cacheImplementation: options.cacheImplementation === "static",
    outputHiddenStates: options.outputHiddenStates === true,
    outputAttentions: options.outputAttentions === true,
  };
  for (const [name, isContrary] of Object.entries(contrary)) {
    if (!isContrary) continue;
    const value = options[name as keyof typeof contrary];
    throw invalidArgument(name, "left out with `promptLookupNumTokens`", value);
  }
}

function hasEffect(facts: OptionFacts, options: GenerateOptions): boolean {
  if (facts.only === "sampling") return options.doSample === true;
  if (facts.only === "beams") return (options.numBeams ?? 1) > 1;
  return facts.only === "lookup" ? options.promptLookupNumTokens !== undefined : true;
}

function wireValue(name: string, value: unknown): unknown {
  if (name === "stopStrings") return typeof value === "string" ? [value] : value;
  if (name === "eosTokenId") return typeof value === "number" ? [value] : value;
  if (name !== "watermarkingConfig") return value;
  const fields: Readonly<Record<string, { readonly wire: string }>> = WATERMARKING_FIELDS;
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([field, item]) => {
      const wire = fields[field]?.wire;
      return wire === undefined || item === undefined ? [] : [[wire, item]];
    }),
  );
}
