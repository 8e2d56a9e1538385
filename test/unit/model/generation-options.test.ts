import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { camelCase } from "../../../ts-client/src/errors/near-miss.ts";
import type { GenerateOptions } from "../../../ts-client/src/model/generate-options.ts";
import { toWireOptions, type WireContext } from "../../../ts-client/src/model/generation-options.ts";
import { GENERATION_OPTIONS } from "../../../ts-client/src/model/generation-table.ts";
import { REMOVED_OPTIONS } from "../../../ts-client/src/model/removed-options.ts";
import { WATERMARKING_FIELDS } from "../../../ts-client/src/model/watermarking.ts";
import { generateOptions } from "../../../ts-client/src/protocol/schema/generate-options.ts";

const AT_REST: WireContext = { maxNewTokens: 19, stream: false, otherNames: [] };
const STREAM: WireContext = { maxNewTokens: 256, stream: true, otherNames: [] };

const wire = (options: object, context = AT_REST) => toWireOptions(options as GenerateOptions, context);

function failure(options: object, context = AT_REST) {
  try {
    wire(options, context);
  } catch (error) {
    return error as { code: string; path: string; message: string };
  }
  throw new Error(`${JSON.stringify(options)} was accepted`);
}

describe("names", () => {
  it("has a row for every option of the wire, under its camelCase name", () => {
    const rows = Object.entries(GENERATION_OPTIONS).filter(([, facts]) => facts.wire !== null);
    expect(rows.map(([, facts]) => facts.wire).sort()).toEqual(Object.keys(generateOptions.shape).sort());
    for (const [name, facts] of rows) expect(camelCase(facts.wire ?? "")).toBe(name);
  });

  it("has a row for every field of the watermarking configuration", () => {
    const fields = Object.keys(generateOptions.shape.watermarking_config.unwrap().shape);
    expect(Object.values(WATERMARKING_FIELDS).map((field) => field.wire)).toEqual(fields);
  });

  it("says of every option what it is by default", () => {
    const file = new URL("../../../ts-client/src/model/generate-options.ts", import.meta.url);
    const [options = ""] = readFileSync(file, "utf8").split("export interface WatermarkingConfig");
    const documented = Array.from(
      options.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+readonly (\w+)\?:/gs),
      ([, text = "", name = ""]) => ({ name, hasDefault: text.includes("@default") }),
    );
    expect(documented.map(({ name }) => name).sort()).toEqual(Object.keys(GENERATION_OPTIONS).sort());
    expect(documented.filter(({ hasDefault }) => !hasDefault)).toEqual([]);
  });

  it("knows no option that it also says is gone", () => {
    expect(Object.keys(REMOVED_OPTIONS).filter((name) => name in GENERATION_OPTIONS)).toEqual([]);
  });

  it("answers snake_case with the camelCase name", () => {
    expect(failure({ num_beams: 5 })).toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "num_beams",
      message: "There is no option `num_beams`. Did you mean `numBeams`?",
    });
  });

  it.each([
    ["maxNewToken", "maxNewTokens"],
    ["tempature", "temperature"],
    ["topp", "topP"],
    ["repetitionPenality", "repetitionPenalty"],
  ])("answers the misspelling %s with %s", (typed, meant) => {
    expect(failure({ [typed]: 1 }).message).toContain(`Did you mean \`${meant}\`?`);
  });

  it("guesses nothing for a name that is like none", () => {
    expect(failure({ frobnicate: 1 }).message).toBe(
      "There is no option `frobnicate`. See the generation options in the README.",
    );
  });

  it.each(["constructor", "toString", "hasOwnProperty"])("does not take %s for an option", (name) => {
    expect(failure({ [name]: 1 }).code).toBe("INVALID_ARGUMENT");
  });

  it.each(Object.keys(REMOVED_OPTIONS))("refuses %s by name and says what to use", (name) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const spelling of [name, snake]) {
      const error = failure({ [spelling]: 2 });
      expect(error.code).toBe("UNSUPPORTED");
      expect(error.message).toContain(REMOVED_OPTIONS[name]);
    }
  });
});

describe("lengths", () => {
  it.each([
    [{}, { max_new_tokens: 19 }],
    [{ maxLength: 256, minLength: 1 }, { max_new_tokens: 255 }],
    [
      { maxLength: 80, minLength: 10 },
      { max_new_tokens: 79, min_new_tokens: 9 },
    ],
    [{ maxLength: 2, minLength: 0 }, { max_new_tokens: 1 }],
    [{ maxLength: 10, maxNewTokens: 30 }, { max_new_tokens: 30 }],
    [
      { minLength: 10, minNewTokens: 3 },
      { max_new_tokens: 19, min_new_tokens: 3 },
    ],
    [{ minLength: 10, minNewTokens: 0 }, { max_new_tokens: 19 }],
  ])("%o become %o", (options, expected) => {
    expect(wire(options)).toEqual(expected);
  });

  it("come from the caller where none is given", () => {
    expect(wire({}, STREAM)).toEqual({ max_new_tokens: 256 });
  });

  it("refuse a shortest answer above the longest", () => {
    expect(failure({ minLength: 30 })).toMatchObject({
      path: "minLength",
      message:
        "`minLength` must be no more than the longest answer, which is 19 new tokens, but the number 30 was given. " +
        "Raise `maxNewTokens` to 29 or more.",
    });
  });

  it("refuse a length without room for a new token", () => {
    expect(failure({ maxLength: 1 }).message).toContain("`maxLength: 2` is one new token");
  });
});

describe("values", () => {
  it.each([
    [{ topP: 1.5 }, "`topP` must be a number from 0 to 1, but the number 1.5 was given."],
    [
      { topK: 2.5 },
      "`topK` must be a whole number from 0 to 2147483647, but the number 2.5 was given. 0 means all tokens.",
    ],
    [
      { repetitionPenalty: 0 },
      "`repetitionPenalty` must be a number above 0 and at most 1000, but the number 0 was given. 1 means no penalty.",
    ],
    [
      { numBeams: "5" },
      '`numBeams` must be a whole number from 1 to 64, but the string "5" was given. 1 means no beam search.',
    ],
    [{ doSample: 1 }, "`doSample` must be true or false, but the number 1 was given."],
    [
      { lengthPenalty: Number.NaN },
      "`lengthPenalty` must be a number from -100 to 100, but the number NaN was given.",
    ],
    [{ seed: null }, "`seed` must be a whole number from 0 to 9007199254740991, but null was given."],
    [
      { stopStrings: [] },
      "`stopStrings` must be a string or an array of 1 to 16 strings, of 1 to 256 characters each, but an array of 0 items was given.",
    ],
    [
      { earlyStopping: "always" },
      '`earlyStopping` must be true, false or "never", but the string "always" was given.',
    ],
    [{ etaCutoff: 1 }, "`etaCutoff` must be a number from 0 up and below 1, but the number 1 was given."],
    [
      { watermarkingConfig: { greenlist_ratio: 0.5 } },
      "`watermarkingConfig` must be an object of greenlistRatio, bias, hashingKey, seedingScheme and contextWidth, but an object was given.",
    ],
  ])("%o are refused with the field, what it must be and what came", (options, message) => {
    expect(failure(options)).toMatchObject({
      code: "INVALID_ARGUMENT",
      path: Object.keys(options)[0],
      message,
    });
  });

  it("that are undefined count as not given", () => {
    expect(wire({ numBeams: undefined, topP: undefined })).toEqual({ max_new_tokens: 19 });
  });

  it("of nested options travel in the wire's names", () => {
    expect(wire({ watermarkingConfig: { greenlistRatio: 0.5, bias: 2, contextWidth: undefined } })).toEqual({
      max_new_tokens: 19,
      watermarking_config: { greenlist_ratio: 0.5, bias: 2 },
    });
  });

  it.each(["offloaded", "offloaded_static", "quantized", "sliding_window", "hybrid", "paged"])(
    "of cacheImplementation that do not run here are refused with the reason: %s",
    (cacheImplementation) => {
      const { code, message } = failure({ cacheImplementation });
      expect(code).toBe("INVALID_ARGUMENT");
      expect(message).toContain('must be "dynamic" or "static"');
      expect(message.slice(message.indexOf("given."))).toContain(cacheImplementation.split("_")[0]);
    },
  );

  it("of a single id that ends rows travel as a list", () => {
    expect(wire({ eosTokenId: 7, padTokenId: 0 })).toEqual({
      max_new_tokens: 19,
      eos_token_id: [7],
      pad_token_id: 0,
    });
    expect(failure({ eosTokenId: [] }).message).toContain("an array of 1 to 16 token ids");
  });

  it("of a single stop string travel as a list", () => {
    expect(wire({ stopStrings: "." }).stop_strings).toEqual(["."]);
  });
});

describe("options together", () => {
  it("takes the seed example's, where topP and temperature have no effect", () => {
    const options: GenerateOptions = {
      doSample: false,
      numBeams: 5,
      maxLength: 256,
      minLength: 1,
      topP: 0.9,
      repetitionPenalty: 1.5,
      lengthPenalty: 1,
      temperature: 1,
    };
    expect(wire(options)).toEqual({
      max_new_tokens: 255,
      do_sample: false,
      num_beams: 5,
      repetition_penalty: 1.5,
      length_penalty: 1,
    });
  });

  it("sends sampling's options when sampling, and beam search's with beams", () => {
    expect(wire({ doSample: true, topP: 0.9, seed: 7, lengthPenalty: 2 })).toEqual({
      max_new_tokens: 19,
      do_sample: true,
      top_p: 0.9,
      seed: 7,
    });
  });

  it("allows several answers from beams or from sampling only", () => {
    expect(wire({ numBeams: 3, numReturnSequences: 3 }).num_return_sequences).toBe(3);
    expect(wire({ doSample: true, numReturnSequences: 3 }).num_return_sequences).toBe(3);
    expect(failure({ numBeams: 2, numReturnSequences: 3 }).message).toContain(
      "Set `numBeams: 3` or `doSample: true`.",
    );
  });

  it("allows a temperature of 0 where it has no effect", () => {
    expect(wire({ temperature: 0 })).toEqual({ max_new_tokens: 19 });
    expect(failure({ doSample: true, temperature: 0 }).path).toBe("temperature");
  });

  it("streams one answer without beams", () => {
    expect(wire({ numBeams: 1, doSample: true }, STREAM).do_sample).toBe(true);
    expect(failure({ numBeams: 2 }, STREAM).path).toBe("numBeams");
    expect(failure({ doSample: true, numReturnSequences: 2 }, STREAM).path).toBe("numReturnSequences");
  });

  it.each([
    [{ numBeams: 2 }, "numBeams"],
    [{ doSample: true }, "doSample"],
    [{ useCache: false }, "useCache"],
    [{ cacheImplementation: "static" }, "cacheImplementation"],
    [{ outputHiddenStates: true }, "outputHiddenStates"],
    [{ outputAttentions: true }, "outputAttentions"],
  ])("guesses ahead in greedy decoding with a growing cache only, not with %o", (options, path) => {
    expect(failure({ ...options, promptLookupNumTokens: 3 })).toMatchObject({
      path,
      message: expect.stringContaining("left out with `promptLookupNumTokens`"),
    });
  });

  it("sends what belongs to guessing ahead when there is any", () => {
    expect(wire({ maxMatchingNgramSize: 3 })).toEqual({ max_new_tokens: 19 });
    expect(wire({ maxMatchingNgramSize: 3, promptLookupNumTokens: 5 })).toEqual({
      max_new_tokens: 19,
      max_matching_ngram_size: 3,
      prompt_lookup_num_tokens: 5,
    });
  });
});

describe("what is accepted", () => {
  const tokens = fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 4 });
  const numbers = fc.oneof(
    fc.integer({ min: -3, max: 70 }),
    fc.double({ min: -2, max: 2 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53, 4096, 4097),
  );
  const anything = fc.oneof(
    numbers,
    fc.boolean(),
    fc.constantFrom("never", "", "text", null, {}),
    tokens,
    fc.array(tokens, { maxLength: 3 }),
    fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
    fc.tuple(numbers, numbers),
    fc.array(fc.tuple(tokens, numbers), { maxLength: 2 }),
    fc.record({ greenlistRatio: numbers, hashingKey: numbers, seedingScheme: fc.constant("lefthash") }),
  );
  const record = Object.fromEntries(Object.keys(GENERATION_OPTIONS).map((name) => [name, anything]));

  it("fits the wire's schema, whatever the values", () => {
    let accepted = 0;
    // Few keys at a time: with all of them, nothing would ever be accepted.
    const few = fc
      .subarray(Object.keys(GENERATION_OPTIONS), { maxLength: 3 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, record[name] ?? anything]))));
    fc.assert(
      fc.property(few, fc.boolean(), (options, stream) => {
        let sent: unknown;
        try {
          sent = wire(options, { maxNewTokens: 19, stream, otherNames: [] });
        } catch (error) {
          expect(error).toHaveProperty("code", "INVALID_ARGUMENT");
          return;
        }
        accepted += 1;
        expect(generateOptions.safeParse(sent).success).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
