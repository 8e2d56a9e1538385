import type { CallOptions, WireGenerateOptions } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { CALL_OPTIONS, takeCallOptions } from "./call-options.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { ASK_MAX_NEW_TOKENS, toWireOptions } from "./generation-options.ts";
import { type CheckedQuestion, QUESTION_FIELDS, type Question, takeQuestion } from "./question.ts";

/** A question about a picture, with how it is to be answered. */
export interface AskRequest extends Question, GenerateOptions, CallOptions {}

/** Several questions about one picture, with how they are to be answered. */
export interface AskAllRequest extends Omit<AskRequest, "prompt" | "requestId"> {
  /** The questions or instructions, each with an answer of its own. */
  readonly prompts: readonly string[];
}

/** A question that was checked. */
export interface CheckedRequest {
  readonly question: CheckedQuestion;
  readonly call: CallOptions;
  readonly options: WireGenerateOptions;
}

const NAMES = [...QUESTION_FIELDS, ...Object.keys(CALL_OPTIONS)];

/**
 * Checks everything about a question that can be checked without reading its picture.
 *
 * @throws INVALID_ARGUMENT, UNSUPPORTED
 */
export function checkRequest(request: AskRequest, stream: boolean): CheckedRequest {
  if (typeof request !== "object" || request === null) {
    throw invalidArgument("request", "an object with `image` and `prompt`", request);
  }
  const { call, rest } = takeCallOptions(request);
  const { question, rest: options } = takeQuestion(rest);
  return {
    question,
    call,
    options: toWireOptions(options, { maxNewTokens: ASK_MAX_NEW_TOKENS, stream, otherNames: NAMES }),
  };
}

/**
 * The questions one by one, each of them checked.
 *
 * @throws INVALID_ARGUMENT, UNSUPPORTED
 */
export function eachQuestion(request: AskAllRequest): AskRequest[] {
  if (typeof request !== "object" || request === null) {
    throw invalidArgument("request", "an object with `image` and `prompts`", request);
  }
  const { prompts, ...shared } = request;
  if (!Array.isArray(prompts)) throw invalidArgument("prompts", "an array of strings", prompts);
  for (const one of ["prompt", "requestId"] as const) {
    if (one in shared) {
      throw invalidArgument(one, "left out: there are several questions", (shared as AskRequest)[one]);
    }
  }
  const requests = prompts.map((prompt) => ({ ...shared, prompt }));
  for (const each of requests) checkRequest(each, false);
  return requests;
}
