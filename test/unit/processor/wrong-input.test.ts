import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

let processor: InstructBlipProcessor;
beforeAll(async () => {
  processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5");
});

const anything = fc.anything({
  withBigInt: true,
  withTypedArray: true,
  withNullPrototype: true,
  withMap: true,
});
const near = (...values: unknown[]) => fc.oneof(fc.constantFrom(...values), anything);
const texts = fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 }));
const fine = {
  text: texts,
  padding: fc.constantFrom(true, "longest", undefined),
  maxLength: fc.constantFrom(undefined, 5, 40),
  truncation: fc.constantFrom(true, "longest_first"),
  padToMultipleOf: fc.constantFrom(1, 5),
  returnTensors: fc.constantFrom("pt", "np"),
};
const wrong = fc.record(
  {
    images: anything,
    text: fc.oneof(anything, fc.array(anything, { maxLength: 3 })),
    qformerText: fc.oneof(texts, anything),
    padding: near(false, "max_length"),
    truncation: near(false, "do_not_truncate"),
    maxLength: near(1, 2, 1e9),
    padToMultipleOf: near(0, 3, 1e9),
    paddingSide: near("left", "right"),
    addSpecialTokens: near(true, false),
    returnTensors: anything,
    signal: anything,
    other: anything,
  },
  { requiredKeys: [] },
);
/** Mostly a call that is fine, some with a few fields that may not be. */
const inputs = fc
  .tuple(fc.record(fine, { requiredKeys: ["text"] }), fc.option(wrong, { freq: 3 }))
  .map(([given, changes]) => ({ ...given, ...changes }));

describe("whatever it is given, the processor", () => {
  it("gives tensors that fit together, or an error that names the field", async () => {
    let [given, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 9, arbitrary: inputs }, { weight: 1, arbitrary: anything }),
        async (value) => {
          try {
            const result = await processor(value as never as { text: string });
            given++;
            expect(result.attentionMask.shape).toEqual(result.inputIds.shape);
            expect(result.qformerAttentionMask.shape).toEqual(result.qformerInputIds.shape);
            expect(result.inputIds.shape[0]).toBe(result.qformerInputIds.shape[0]);
          } catch (error) {
            refused++;
            expect(error).toBeInstanceOf(InstructBlipError);
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(INVALID_ARGUMENT|IMAGE_REJECTED)$/),
            });
            expect((error as InstructBlipError).path).toBeTypeOf("string");
          }
        },
      ),
      { numRuns: 600, seed: 20261123 },
    );
    expect(given).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it("gives texts, or an error that names the ids", () => {
    const ids = fc.array(fc.oneof(fc.nat(1500), fc.bigInt({ min: 0n, max: 1500n }), anything), {
      maxLength: 6,
    });
    const tensor = fc.int32Array({ maxLength: 6 }).map((data) => new Tensor("int32", [data.length], data));
    const value = fc.oneof(fc.array(fc.nat(1500)), ids, fc.array(ids, { maxLength: 4 }), tensor, anything);
    const options = fc.oneof(fc.constant({}), fc.record({ skipSpecialTokens: near(true, false) }), anything);
    fc.assert(
      fc.property(value, options, (given, how) => {
        for (const decode of ["decode", "batchDecode"] as const) {
          try {
            const texts: unknown = processor[decode](given as never, how as never);
            for (const each of [texts].flat()) expect(each).toBeTypeOf("string");
          } catch (error) {
            expect(error).toBeInstanceOf(InstructBlipError);
            expect(error).toMatchObject({ code: "INVALID_ARGUMENT", path: expect.any(String) });
          }
        }
      }),
      { numRuns: 600, seed: 20261123 },
    );
  });
});
