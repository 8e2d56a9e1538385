import { Tokenizer } from "./tokenizer.ts";

/**
 * transformers' name for what loads a checkpoint's tokenizer, whatever its kind.
 *
 * @example
 * const tokenizer = await AutoTokenizer.fromPretrained("tiny-shapes-t5", { subfolder: "qformer_tokenizer" });
 * console.log(tokenizer.encode("red").length); // 3
 */
export const AutoTokenizer: Pick<typeof Tokenizer, "fromPretrained"> = {
  fromPretrained: (source, options) => Tokenizer.fromPretrained(source, options),
};
