import { type Example, toExample } from "./example.ts";

const FENCE = /^( *)```(.*)$/;

/** The examples in a Markdown text. */
export function markdownExamples(text: string, file: string): Example[] {
  const examples: Example[] = [];
  let open: { readonly indent: string; readonly info: string; readonly line: number } | undefined;
  let code: string[] = [];
  text.split("\n").forEach((line, i) => {
    const [, indent = "", info = ""] = FENCE.exec(line) ?? [];
    if (!FENCE.test(line)) {
      if (open !== undefined) code.push(line.slice(open.indent.length));
    } else if (open === undefined) {
      open = { indent, info: info.trim(), line: i + 2 };
      code = [];
    } else {
      const example = toExample(open.info, `${code.join("\n")}\n`, file, open.line);
      if (example !== undefined) examples.push(example);
      open = undefined;
    }
  });
  return examples;
}
