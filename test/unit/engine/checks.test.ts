import { describe, expect, test } from "vitest";
import { checkCall } from "../../../ts-client/src/engine/check-call.ts";
import { checkInputs } from "../../../ts-client/src/engine/check-inputs.ts";
import { checkRequest } from "../../../ts-client/src/engine/check-request.ts";
import type { CallOptions, PreparedInputs } from "../../../ts-client/src/engine/index.ts";
import { flatPicture, rawRequest } from "../../support/requests.ts";

describe("how a request is to be treated", () => {
  test("may be left open, and may reach the limits", () => {
    const fullest: CallOptions = {
      requestId: "0197a3b0-0000-7000-8000-000000000000",
      deadlineMs: 2 ** 40,
      queueTimeoutMs: 0,
      runTimeoutMs: 0.5,
      priority: -100,
      maxRetries: 16,
    };
    for (const call of [{}, fullest]) expect(() => checkCall(call)).not.toThrow();
  });

  test.each([
    ["requestId", "0197A3B0-0000-7000-8000-000000000000"],
    ["requestId", "7"],
    ["requestId", 7],
    ["deadlineMs", -1],
    ["deadlineMs", Number.NaN],
    ["deadlineMs", Number.POSITIVE_INFINITY],
    ["queueTimeoutMs", "100"],
    ["runTimeoutMs", 2 ** 41],
    ["priority", 101],
    ["priority", 0.5],
    ["maxRetries", -1],
  ])("%s is refused with the value %s", (path, value) => {
    expect(() => checkCall({ [path]: value })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path }),
    );
  });
});

describe("a request's options", () => {
  test.each([
    [{ max_new_tokens: 0 }, "options.max_new_tokens"],
    [{ temperature: Number.NaN }, "options.temperature"],
    [{ suppress_tokens: [1, -1] }, "options.suppress_tokens.1"],
    [{ stop_strings: [""] }, "options.stop_strings.0"],
  ])("%j is refused as the worker would", (options, path) => {
    expect(() => checkRequest(rawRequest([1], { options }))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path }),
    );
  });

  test("an operation that does not exist is UNSUPPORTED", () => {
    const request = { ...rawRequest([1]), op: "dream" } as never;
    expect(() => checkRequest(request)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });
});

describe("what a preparation made", () => {
  const good: PreparedInputs = {
    image: flatPicture(),
    inputIds: Int32Array.of(1, 2),
    qformerInputIds: Int32Array.of(3),
  };

  test("is measured", () => {
    expect(checkInputs("generate", good)).toBe(8 * 8 * 3 + 12);
  });

  test.each([
    ["image.hash", { image: { ...good.image, hash: "abc" } }],
    ["image.hash", { image: { ...good.image, hash: undefined } }],
    ["image.tensor", { image: { hash: good.image.hash, tensor: undefined } }],
    ["inputIds", { inputIds: [1, 2] }],
    ["qformerInputIds", { qformerInputIds: BigInt64Array.of(1n) }],
  ])("is refused where %s is wrong", (path, fields) => {
    expect(() => checkInputs("generate", { ...good, ...fields } as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path }),
    );
  });
});
