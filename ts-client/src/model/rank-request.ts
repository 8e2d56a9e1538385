import type { CallOptions } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { camelCase, nearMiss } from "../errors/near-miss.ts";
import { CALL_OPTIONS, takeCallOptions } from "./call-options.ts";
import { type CheckedQuestion, QUESTION_FIELDS, type Question, takeQuestion } from "./question.ts";

/** A question about a picture with how its answers are to be scored. */
interface ScoredQuestion extends Question, CallOptions {
  /**
   * Whether the end behind an answer counts: without it `"red"` also stands for `"red and blue"`.
   * @default as LAVIS, by the language model: true for T5, whose tokenizer ends every text, false for the others
   */
  readonly includeEnd?: boolean;
}

/** A question with answers to choose from. */
export interface RankRequest extends ScoredQuestion {
  /** The answers: 1 to 1024 texts. */
  readonly candidates: readonly string[];
  /**
   * What they are ranked by: the log-probability of the whole answer, as LAVIS's `predict_class` does, or its mean over
   * the answer's tokens, which does not favour short ones.
   * @default "sum"
   */
  readonly by?: "sum" | "mean";
}

/** A question with one answer. */
export interface ScoreRequest extends ScoredQuestion {
  /** The answer. */
  readonly text: string;
}

/** A request that was checked. */
export interface CheckedRanking {
  readonly question: CheckedQuestion;
  readonly candidates: readonly string[];
  readonly by: "sum" | "mean";
  readonly includeEnd: boolean | undefined;
  readonly call: CallOptions;
}

const MOST_CANDIDATES = 1024;

/** @throws INVALID_ARGUMENT naming the field */
export function checkRank(request: RankRequest): CheckedRanking {
  const { checked, rest } = checkQuestion(request, ["candidates", "by"]);
  const { candidates, by = "sum" } = rest;
  if (!Array.isArray(candidates) || candidates.length < 1 || candidates.length > MOST_CANDIDATES) {
    throw invalidArgument("candidates", `an array of 1 to ${MOST_CANDIDATES} texts`, candidates);
  }
  for (const [i, candidate] of candidates.entries()) {
    if (typeof candidate !== "string") throw invalidArgument(`candidates[${i}]`, "a string", candidate);
  }
  if (by !== "sum" && by !== "mean") throw invalidArgument("by", '"sum" or "mean"', by);
  return { ...checked, candidates, by };
}

/** @throws INVALID_ARGUMENT naming the field */
export function checkScore(request: ScoreRequest): CheckedRanking {
  const { checked, rest } = checkQuestion(request, ["text"]);
  const { text } = rest;
  if (typeof text !== "string") throw invalidArgument("text", "a string", text, "Several go to `rank`.");
  return { ...checked, candidates: [text], by: "sum" };
}

function checkQuestion(request: object, own: readonly string[]) {
  if (typeof request !== "object" || request === null) {
    throw invalidArgument("request", `an object with \`image\`, \`prompt\` and \`${own[0]}\``, request);
  }
  const { call, rest: fields } = takeCallOptions(request);
  const { includeEnd, ...others } = fields;
  const { question, rest } = takeQuestion(others);
  for (const name of Object.keys(rest)) if (!own.includes(name)) throw unknownField(name, own);
  if (includeEnd !== undefined && typeof includeEnd !== "boolean") {
    throw invalidArgument("includeEnd", "true or false", includeEnd);
  }
  return { checked: { question, includeEnd, call }, rest };
}

function unknownField(name: string, own: readonly string[]): InstructBlipError {
  const names = [...QUESTION_FIELDS, "includeEnd", ...own, ...Object.keys(CALL_OPTIONS)];
  const meant = nearMiss(camelCase(name), names);
  const hint = meant === undefined ? `The fields are ${names.join(", ")}.` : `Did you mean \`${meant}\`?`;
  return new InstructBlipError("INVALID_ARGUMENT", `There is no field \`${name}\`. ${hint}`, { path: name });
}
