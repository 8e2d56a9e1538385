import { describe, expect, test } from "vitest";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { errorOf, resultOf } from "../../../ts-client/src/pool/outcome.ts";
import type { RequestEntry } from "../../../ts-client/src/pool/request-entry.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const entry = (fields: Partial<RequestEntry> = {}) => {
  return {
    request: { op: "generate" },
    delivered: [],
    cancelReason: undefined,
    prepareMs: 5,
    submittedAt: 0,
    ...fields,
  } as unknown as RequestEntry;
};
const failed = (fields: object = {}) => {
  const nothing = { path: undefined, retryAfterMs: undefined, failures: [], failure: undefined };
  return { ok: false, code: "WORKER_LOST", message: "It died.", ...nothing, ...fields } as const;
};
const failure = { attempt: 1, workerId: "worker-0.1", code: "WORKER_LOST", message: "It died." };

describe("a request's error", () => {
  test("carries every try, when to come back, the field and the tokens that were read", () => {
    const outcome = failed({ failures: [failure], retryAfterMs: 70, path: "options.topP" });
    expect(errorOf(entry({ delivered: [1, 2] }), outcome, "r")).toMatchObject({
      code: "WORKER_LOST",
      requestId: "r",
      attempts: [failure],
      retryAfterMs: 70,
      path: "options.topP",
      tokens: [1, 2],
    });
  });

  test("a cancellation's cause is the caller's reason", () => {
    const reason = new Error("enough");
    const error = errorOf(entry({ cancelReason: reason }), failed({ code: "CANCELLED" }), "r");
    expect(error).toMatchObject({ code: "CANCELLED", cause: reason });
  });

  test("a preparation's own error is passed on, another one becomes its cause", () => {
    const ours = new InstructBlipError("IMAGE_REJECTED", "No picture.");
    expect(errorOf(entry(), failed({ failure: ours }), "r")).toBe(ours);
    const other = new TypeError("oops");
    const error = errorOf(entry(), failed({ code: "INVALID_ARGUMENT", failure: other }), "r");
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", cause: other });
  });

  test("a code that is not known is a defect", () => {
    expect(
      errorOf(entry(), failed({ code: "NOVEL", failures: [{ ...failure, code: "NOVEL" }] }), "r"),
    ).toMatchObject({ code: "INTERNAL", attempts: [{ code: "INTERNAL" }] });
  });
});

describe("a request's result", () => {
  const outcome = (outputs: Record<string, number>, tensors: readonly Tensor[]) => ({
    ok: true as const,
    payload: {
      header: {
        outputs,
        finish_reasons: ["eos"],
        timings: { queue: 2, decode: 7, total: 10 },
        batch_size: 3,
      },
      tensors,
      large: {},
    },
    workerId: "worker-0.1",
    attempt: 2,
    queueMs: 9,
    failures: [failure],
  });
  const sequences = new Tensor("int64", [1, 2], BigInt64Array.of(0n, 1n));

  test("names its tensors and splits its time among the stages", () => {
    const scores = new Tensor("float32", [1], Float32Array.of(1));
    const result = resultOf(entry(), outcome({ sequences: 0, scores: 1 }, [sequences, scores]), "r");
    expect(result).toMatchObject({ requestId: "r", attempts: 2, batchSize: 3, workerId: "worker-0.1" });
    expect(Object.keys(result.outputs)).toEqual(["scores"]);
    expect(result.timings).toMatchObject({ prepare: 5, queue: 6, decode: 7 });
    expect(result.timings.wire).toBeGreaterThanOrEqual(0);
  });

  test("without sequences is no answer", () => {
    const odd = new Tensor("int32", [1, 2], Int32Array.of(0, 1));
    for (const each of [outcome({}, []), outcome({ sequences: 0 }, [odd])]) {
      expect(() => resultOf(entry(), each, "r")).toThrow(expect.objectContaining({ code: "OUTPUT_INVALID" }));
    }
  });
});
