import type { Library } from "./library.ts";
import { configInvalid, isLlama, type TokenizerSettings } from "./tokenizer-json.ts";

/** Ids that a tokenizer puts around every text. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A token that no vocabulary has, to see where the post-processor puts the text. */
const TEXT = "\0text\0";

/**
 * The frame of a tokenizer's texts. LLaMA's follows the configured tokens whatever `tokenizer.json` says, as in
 * transformers up to 4: InstructBLIP's Vicuna begins with `</s>` though LLaMA's file has `<s>`.
 *
 * @throws CONFIG_INVALID
 */
export function readFrame(library: Library, settings: TokenizerSettings): Frame {
  if (!isLlama(settings.tokenizerClass)) return postProcessorFrame(library);
  const idOf = (adds: boolean, token: string | undefined) => {
    const id = adds && token !== undefined ? library.token_to_id(token) : undefined;
    return id === undefined ? [] : [id];
  };
  return {
    before: idOf(settings.addBosToken, settings.bosToken),
    after: idOf(settings.addEosToken, settings.eosToken),
  };
}

function postProcessorFrame(library: Library): Frame {
  const tokens = library.post_processor?.post_process([TEXT], null, true).tokens ?? [TEXT];
  const ids = tokens.map((token) => (token === TEXT ? -1 : library.token_to_id(token)));
  const at = ids.indexOf(-1);
  const known = ids.filter((id) => id !== undefined);
  if (at === -1 || known.length !== ids.length)
    throw configInvalid("its post-processor names unknown tokens");
  return { before: known.slice(0, at), after: known.slice(at + 1) };
}
