import { Command } from "commander";
import { describe, expect, it } from "vitest";
import {
  addGenerationOptions,
  readGenerationOptions,
} from "../../../ts-client/src/cli/generation-options.ts";
import { GENERATION_OPTIONS } from "../../../ts-client/src/model/generation-table.ts";

function parse(...args: string[]) {
  const command = new Command("ask").exitOverride().configureOutput({ writeErr: () => {} });
  addGenerationOptions(command).parse(args, { from: "user" });
  return readGenerationOptions(command);
}

describe("generation options on the command line", () => {
  it("are none when none are given", () => {
    expect(parse()).toEqual({});
  });

  it("have a flag for every option", () => {
    const flags = addGenerationOptions(new Command()).options.map((option) => option.attributeName());
    expect(flags.sort()).toEqual(Object.keys(GENERATION_OPTIONS).sort());
  });

  it("are read as numbers, switches, words and JSON", () => {
    expect(
      parse(
        ...[
          "--max-new-tokens",
          "40",
          "--num-beams=5",
          "--length-penalty",
          "-1",
          "--top-p",
          ".9",
          "--do-sample",
        ],
        ...[
          "--early-stopping",
          "never",
          "--no-use-cache",
          "--stop-strings",
          "5",
          "--forced-eos-token-id",
          "[1,2]",
        ],
        ...["--no-repeat-ngram-size", "3"],
        ...["--watermarking-config", '{"bias":1.5}'],
      ),
    ).toEqual({
      maxNewTokens: 40,
      numBeams: 5,
      lengthPenalty: -1,
      topP: 0.9,
      doSample: true,
      earlyStopping: "never",
      useCache: false,
      stopStrings: "5",
      forcedEosTokenId: [1, 2],
      noRepeatNgramSize: 3,
      watermarkingConfig: { bias: 1.5 },
    });
  });

  it("read several stop strings from a JSON array", () => {
    expect(parse("--stop-strings", '[".", "!"]').stopStrings).toEqual([".", "!"]);
    expect(parse("--stop-strings", "[done]").stopStrings).toBe("[done]");
  });

  it.each([
    ["--top-p", "2", "It must be a number from 0 to 1, but the number 2 was given."],
    ["--num-beams", "five", 'It must be a whole number from 1 to 64, but the string "five" was given.'],
    ["--max-new-tokens", "", 'It must be a whole number from 1 to 4096, but the string "" was given.'],
  ])("refuse %s %s with what it must be", (flag, value, message) => {
    expect(() => parse(flag, value)).toThrow(message);
  });
});
