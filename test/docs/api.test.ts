import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PAGES } from "./support/collect.ts";
import { ROOT } from "./support/project.ts";

const COMMITTED = join(ROOT, "docs/api");
const MADE = mkdtempSync(join(tmpdir(), "ibw-api-"));

beforeAll(async () => {
  // Ends badly on a warning: a link that leads nowhere, a type that is not exported, a symbol without a word.
  const typedoc = join(ROOT, "node_modules/typedoc/bin/typedoc");
  await promisify(execFile)(process.execPath, [typedoc, "--out", MADE], { cwd: ROOT });
});

afterAll(() => rmSync(MADE, { recursive: true, force: true }));

describe("the API reference", () => {
  it("is what `npm run docs` makes of the docstrings", () => {
    expect(pages(COMMITTED)).toEqual(pages(MADE));
    for (const page of pages(MADE)) expect(read(COMMITTED, page), page).toBe(read(MADE, page));
  });

  it("has a page for every class of the package", async () => {
    const exported = Object.entries(await import("../../ts-client/src/index.ts"));
    const classes = exported.filter(([, value]) => /^class\b/.test(String(value))).map(([name]) => name);
    expect(classes.length).toBeGreaterThan(0);
    expect(pages(MADE)).toEqual(expect.arrayContaining(classes.map((name) => join("classes", `${name}.md`))));
  });
});

describe("links", () => {
  it.each(PAGES.flatMap(pagesOf))("of %s lead to files that are there", (page) => {
    const text = read(ROOT, page).replace(/```[\s\S]*?```|`[^`]*`/g, "");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(join(ROOT, dirname(page), target)), target).toBe(true);
    }
  });
});

function pages(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .sort();
}

function pagesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(folder, file));
}

function read(folder: string, file: string): string {
  return readFileSync(join(folder, file), "utf8");
}
