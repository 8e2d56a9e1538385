import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { docstringExamples } from "./docstring-examples.ts";
import type { Example } from "./example.ts";
import { markdownExamples } from "./markdown-examples.ts";
import { ROOT } from "./project.ts";

/** Folders with Markdown pages; `docs/api` is made from the docstrings, whose examples are read there. */
export const PAGES = [
  "",
  "docs",
  "protocol",
  "examples/pictures",
  "models/tiny-shapes-t5",
  "models/tiny-shapes-llama",
];

/** Every example of the documentation and of the docstrings. */
export function collectExamples(): Example[] {
  const pages = PAGES.flatMap((folder) => files(folder, ".md", false));
  const sources = files("ts-client/src", ".ts", true);
  return [
    ...pages.flatMap((file) => markdownExamples(read(file), file)),
    ...sources.flatMap((file) => docstringExamples(read(file), file)),
  ];
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function files(folder: string, ending: string, recursive: boolean): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}
