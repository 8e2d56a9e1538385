import ts from "typescript";
import { type Example, toExample } from "./example.ts";
import { markdownExamples } from "./markdown-examples.ts";

/** The `@example`s of a source file's docstrings; without a fence they are TypeScript. */
export function docstringExamples(text: string, file: string): Example[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const examples: Example[] = [];
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node)) {
      // Tags of a declaration are found from the nodes within it too.
      if (tag.tagName.text === "example" && tag.parent.parent === node) examples.push(...read(tag));
    }
    ts.forEachChild(node, visit);
  };
  const read = (tag: ts.JSDocTag): Example[] => {
    const from = tag.tagName.end;
    const lines = text.slice(from, tag.end).split("\n").slice(1);
    const body = lines.map((line) => line.replace(/^\s*\* ?/, "")).join("\n");
    const code = `${body.replace(/\s*\/?$/, "")}\n`;
    // The line after the tag's own, from 1.
    const first = source.getLineAndCharacterOfPosition(from).line + 2;
    if (code.includes("```")) {
      return markdownExamples(code, file).map((each) => ({ ...each, line: each.line + first - 1 }));
    }
    const example = toExample("ts", code, file, first);
    return example === undefined ? [] : [example];
  };
  visit(source);
  return examples;
}
