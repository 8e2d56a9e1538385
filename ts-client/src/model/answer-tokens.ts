import { invalidArgument } from "../errors/index.ts";
import type { InstructBlipProcessor } from "../processor/index.ts";

/**
 * The tokens of an answer as they follow a prompt: without the token that begins a text.
 *
 * @param includeEnd - whether the end belongs to it; by default where the tokenizer puts one behind every text
 * @throws INVALID_ARGUMENT when there is nothing to score
 */
export function answerTokens(
  tokenizer: Pick<InstructBlipProcessor["tokenizer"], "encode" | "bosTokenId" | "eosTokenId">,
  text: string,
  includeEnd: boolean | undefined,
  path: string,
): Int32Array {
  const { bosTokenId: begin, eosTokenId: end } = tokenizer;
  const tokens = tokenizer.encode(text);
  if (begin !== undefined && tokens[0] === begin) tokens.shift();
  const ended = end !== undefined && tokens.at(-1) === end;
  if (ended && includeEnd === false) tokens.pop();
  if (!ended && includeEnd === true && end !== undefined) tokens.push(end);
  if (tokens.length === 0) throw invalidArgument(path, "a text of a token or more", text);
  return Int32Array.from(tokens);
}
