import type { StepConfig } from "../tokenizer-json.ts";

/** Cuts a section of the text into words. `first` says that the section begins the text. */
export type Split = (section: string, first: boolean) => string[];

/** Writes spaces as a visible character, adds one in front, and cuts before each of them when it is to. */
export function metaspace(config: StepConfig): Split {
  const { replacement = "▁", prepend_scheme = "always", split = true } = config;
  const mark = String(replacement);
  return (section, first) => {
    const marked = section.replaceAll(" ", mark);
    const prepends = prepend_scheme === "always" || (prepend_scheme === "first" && first);
    const text = prepends && !marked.startsWith(mark) ? mark + marked : marked;
    return split === true ? cutBefore(text, mark) : [text];
  };
}

function cutBefore(text: string, mark: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = text.indexOf(mark, 1); at !== -1; at = text.indexOf(mark, at + mark.length)) {
    parts.push(text.slice(start, at));
    start = at;
  }
  parts.push(text.slice(start));
  return parts.filter((part) => part !== "");
}
