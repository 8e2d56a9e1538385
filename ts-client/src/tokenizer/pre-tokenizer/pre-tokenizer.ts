import { configInvalid, type StepConfig } from "../tokenizer-json.ts";
import { metaspace, type Split } from "./metaspace.ts";
import { splitWords, splitWordsAndPunctuation } from "./words.ts";

/** The pre-tokenizer of a `tokenizer.json`. @throws CONFIG_INVALID for one that is not supported */
export function preTokenizer(config: StepConfig): Split {
  switch (config.type) {
    case "BertPreTokenizer":
      return splitWordsAndPunctuation;
    case "WhitespaceSplit":
      return splitWords;
    case "Metaspace":
      return metaspace(config);
    case "Sequence": {
      const steps = (config.pretokenizers as readonly StepConfig[]).map(preTokenizer);
      return (section, first) =>
        steps.reduce((words, step) => words.flatMap((word, i) => step(word, first && i === 0)), [section]);
    }
    default:
      throw configInvalid(`the pre-tokenizer \`${config.type}\` is not supported`);
  }
}
