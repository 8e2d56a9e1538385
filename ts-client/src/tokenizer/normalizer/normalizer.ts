import { configInvalid, type StepConfig } from "../tokenizer-json.ts";
import { WHITE_SPACE } from "../unicode/tables.ts";
import { type BertNormalizerConfig, bertNormalizer } from "./bert.ts";
import { precompiledNormalizer } from "./precompiled.ts";

/** Changes a text before it is cut into words. */
export type Normalize = (text: string) => string;

/** The normaliser of a `tokenizer.json`. @throws CONFIG_INVALID for one that is not supported */
export function normalizer(config: StepConfig): Normalize {
  switch (config.type) {
    case "BertNormalizer":
      return bertNormalizer(config as BertNormalizerConfig);
    case "Precompiled":
      return precompiledNormalizer(String(config.precompiled_charsmap));
    case "Prepend":
      return (text) => (text === "" ? text : String(config.prepend) + text);
    case "Replace":
      return replace(config);
    case "Strip":
      return strip(config.strip_left === true, config.strip_right === true);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => text.normalize(config.type);
    case "Sequence": {
      const steps = (config.normalizers as readonly StepConfig[]).map(normalizer);
      return (text) => steps.reduce((result, step) => step(result), text);
    }
    default:
      throw configInvalid(`the normaliser \`${config.type}\` is not supported`);
  }
}

function replace(config: StepConfig): Normalize {
  const pattern = config.pattern as { String?: string; Regex?: string } | undefined;
  const search =
    pattern?.String ?? (pattern?.Regex === undefined ? undefined : new RegExp(pattern.Regex, "gu"));
  if (search === undefined) throw configInvalid("the normaliser `Replace` has no pattern");
  return (text) => text.replaceAll(search, () => String(config.content));
}

function strip(left: boolean, right: boolean): Normalize {
  return (text) => {
    let [start, end] = [0, text.length];
    while (left && start < end && WHITE_SPACE.has(text.charCodeAt(start))) start++;
    while (right && end > start && WHITE_SPACE.has(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
  };
}
