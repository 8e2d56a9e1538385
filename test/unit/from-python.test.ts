import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as api from "../../ts-client/src/index.ts";
import { CALL_OPTIONS } from "../../ts-client/src/model/call-options.ts";
import { FORWARD_FIELDS } from "../../ts-client/src/model/forward/model-pass.ts";
import { GENERATION_OPTIONS } from "../../ts-client/src/model/generation-table.ts";
import { REMOVED_OPTIONS } from "../../ts-client/src/model/removed-options.ts";

const page = readFileSync(new URL("../../docs/from-python.md", import.meta.url), "utf8");

const options = [
  ...Object.keys(GENERATION_OPTIONS),
  ...Object.keys(CALL_OPTIONS),
  ...FORWARD_FIELDS,
  "forward",
  "generate",
  "ask",
  "returnDictInGenerate",
];

/** The rows of a section's table, cell by cell, with what is code in each cell. */
function rows(title: string): string[][][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = ""]) => code)),
  );
}

describe("the guide for those who come from Python", () => {
  it("lists every option of transformers that is refused", () => {
    const listed = rows("What is refused").flatMap(([names = []]) => names);
    expect(listed.sort()).toEqual(Object.keys(REMOVED_OPTIONS).sort());
  });

  it("names classes, methods and options as they are here", () => {
    const owners: Record<string, object> = {
      ...Object.fromEntries(Object.entries(api).filter(([, value]) => value instanceof Object)),
      config: api.InstructBlipConfig.prototype,
      processor: api.InstructBlipProcessor.prototype,
      model: api.InstructBlipForConditionalGeneration.prototype,
      pool: api.AskingEngine.prototype,
      t: api.Tensor.prototype,
    };
    const here = rows("Names").flatMap(([, code = []]) => code);
    expect(here.length).toBeGreaterThan(20);
    for (const code of here) {
      const [, owner = "", method] = /^(?:await |new )*(\w+)(?:\.(\w+))?/.exec(code) ?? [];
      const known = owners[owner];
      if (known === undefined) expect(options).toContain(owner);
      else if (method !== undefined) expect(method in known, code).toBe(true);
    }
  });
});
