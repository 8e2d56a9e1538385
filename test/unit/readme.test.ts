import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../ts-client/src/cli/program.ts";
import { ERROR_CODES } from "../../ts-client/src/errors/index.ts";
import { CALL_OPTIONS } from "../../ts-client/src/model/call-options.ts";
import { GENERATION_OPTIONS } from "../../ts-client/src/model/generation-table.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** The first cells of a section's table rows, as far as they are code. */
function rows(title: string): string[] {
  const section = readme.split(/^##+ /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
  return Array.from(section.matchAll(/^\| `([^`]+)`/gm), ([, cell = ""]) => cell);
}

describe("the README", () => {
  it("lists every generation option once", () => {
    expect(rows("Generation options").sort()).toEqual(Object.keys(GENERATION_OPTIONS).sort());
  });

  it("lists every option of a call", () => {
    expect(rows("Options of a call").sort()).toEqual(Object.keys(CALL_OPTIONS).sort());
  });

  it("lists every error code, and which are worth another try", () => {
    const section = readme.split(/^## /m).find((part) => part.startsWith("Errors\n")) ?? "";
    const listed = Array.from(
      section.matchAll(/^\| `([A-Z_]+)` \| (yes)? ?\| (.+) \|$/gm),
      ([, code, yes, summary]) => [code, { retryable: yes === "yes", summary }],
    );
    expect(Object.fromEntries(listed)).toEqual(ERROR_CODES);
  });

  it("lists every command", () => {
    const commands = createProgram().commands.map((command) => command.name());
    expect(rows("Command line").map((cell) => cell.split(" ")[0])).toEqual(commands);
  });

  it("speaks only of files that are there", () => {
    for (const [, target = ""] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      expect(() => readFileSync(new URL(`../../${target}`, import.meta.url))).not.toThrow();
    }
  });
});
