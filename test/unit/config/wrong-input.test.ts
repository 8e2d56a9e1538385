import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  LlamaConfig,
  OPTConfig,
  T5Config,
} from "../../../ts-client/src/config/index.ts";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";

const CLASSES = [
  InstructBlipConfig,
  InstructBlipVisionConfig,
  InstructBlipQFormerConfig,
  T5Config,
  LlamaConfig,
  OPTConfig,
];

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true }),
  fc.constantFrom(cycle, () => 1, Symbol("s")),
);

describe.each(CLASSES)("$name, whatever it is given,", (Class) => {
  const dictionary = new Class().toJSON();
  const fields = Object.fromEntries(Object.keys(new Class()).map((name) => [name, anything]));
  const keys = Object.fromEntries(Object.keys(dictionary).map((name) => [name, anything]));

  it("is a configuration that can be written, or an error that says what is wrong", () => {
    const value = fc.oneof(
      fc.record(fields, { requiredKeys: [] }).map((given) => () => new Class(given as never)),
      fc.record(keys, { requiredKeys: [] }).map((given) => () => Class.fromJSON(given)),
      anything.map((given) => () => Class.fromJSON({ ...dictionary, ...(given as object) })),
      anything.map((given) => () => new Class(given as never)),
      anything.map((given) => () => Class.fromJSON(given as never)),
    );
    fc.assert(
      fc.property(value, (make) => {
        try {
          expect(Class.fromJSON(JSON.parse(make().toJSONString()))).toBeInstanceOf(Class);
        } catch (error) {
          expect(error).toBeInstanceOf(InstructBlipError);
          expect(error).toMatchObject({ code: expect.stringMatching(/^(CONFIG_INVALID|UNSUPPORTED)$/) });
        }
      }),
      { numRuns: 300, seed: 20261123 },
    );
  });
});
