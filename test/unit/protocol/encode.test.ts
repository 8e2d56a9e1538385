import { describe, expect, it } from "vitest";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { encodeMessage, LIMITS, uuidv7 } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const HASH = "5a".repeat(32);
const ref = { request_id: uuidv7(), attempt: 1 };

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("encodeMessage", () => {
  it("writes the preamble", () => {
    const [beat] = encodeMessage("BEAT", { seq: 1 });
    expect(Buffer.from(beat ?? []).toString("hex")).toBe("4942570106000000");
    const [put] = encodeMessage("PUT", { hash: HASH, tensor: 0 }, [
      new Tensor("uint8", [1], Uint8Array.of(9)),
    ]);
    expect(Buffer.from(put ?? []).toString("hex")).toBe("4942570131000100");
  });

  it("sends a tensor's own memory", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const row = new Tensor("float32", [2, 2], data).slice(1);
    const [, , frame] = encodeMessage("PUT", { hash: HASH, tensor: 0 }, [row]);
    expect(frame?.buffer).toBe(data.buffer);
    expect(frame?.byteOffset).toBe(8);
    expect(frame?.byteLength).toBe(8);
  });

  it("refuses a header over its kind's limit with PAYLOAD_TOO_LARGE", () => {
    const long = (length: number) => ({ id: 1, action: "load" as const, args: "x".repeat(length) });
    expect(encodeMessage("ADMIN", long(LIMITS.largeHeaderBytes - 100))).toHaveLength(2);
    const failure = failureOf(() => encodeMessage("ADMIN", long(LIMITS.largeHeaderBytes)));
    expect(failure).toMatchObject({ code: "PAYLOAD_TOO_LARGE", path: "header" });
    const reason = failureOf(() =>
      encodeMessage("CANCEL", { ...ref, reason: "x".repeat(LIMITS.headerBytes) }),
    );
    expect(reason).toMatchObject({ code: "PAYLOAD_TOO_LARGE", path: "header" });
  });

  it("has room for the fullest BEAT", () => {
    const running = Array.from({ length: 256 }, () => ({
      ...ref,
      attempt: 65_535,
      step: 2 ** 53 - 1,
      ms: 2 ** 40,
    }));
    expect(encodeMessage("BEAT", { seq: 2 ** 53 - 1, worker_epoch: 2 ** 31, running })).toHaveLength(2);
  });

  it("has room for a CHUNK of 256 entries with 2,048 tokens in all", () => {
    const tokens = Array.from({ length: 8 }, () => 2 ** 31 - 1);
    const chunks = Array.from({ length: 256 }, () => ({ ...ref, attempt: 65_535, seq: 2 ** 53 - 1, tokens }));
    expect(encodeMessage("CHUNK", { worker_epoch: 2 ** 31, chunks })).toHaveLength(2);
  });

  it("refuses tensors over the limit with PAYLOAD_TOO_LARGE", () => {
    const half = new Tensor("uint8", [LIMITS.tensorBytes / 2], new Uint8Array(LIMITS.tensorBytes / 2));
    const one = new Tensor("uint8", [], new Uint8Array(1));
    expect(encodeMessage("PUT", { hash: HASH, tensor: 0 }, [half, half])).toHaveLength(4);
    const failure = failureOf(() => encodeMessage("PUT", { hash: HASH, tensor: 0 }, [half, half, one]));
    expect(failure).toMatchObject({ code: "PAYLOAD_TOO_LARGE", path: "tensors", retryable: false });
    const many = Array.from({ length: LIMITS.tensors + 1 }, () => one);
    const count = failureOf(() => encodeMessage("PUT", { hash: HASH, tensor: 0 }, many));
    expect(count).toMatchObject({ code: "PAYLOAD_TOO_LARGE", path: "tensors" });
  });

  it.each([
    [
      "tensors with a kind that has none",
      () => encodeMessage("BEAT", { seq: 1 }, [new Tensor("uint8", [0], new Uint8Array())]),
    ],
    ["NaN", () => encodeMessage("PROGRESS", { worker_epoch: 1, stage: "read", fraction: Number.NaN })],
    [
      "a tensor of nine dimensions",
      () =>
        encodeMessage("PUT", { hash: HASH, tensor: 0 }, [
          new Tensor(
            "uint8",
            Array.from({ length: 9 }, () => 1),
            new Uint8Array(1),
          ),
        ]),
    ],
  ])("refuses %s with INVALID_ARGUMENT", (_, work) => {
    const failure = failureOf(work);
    expect(failure).toBeInstanceOf(InstructBlipError);
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
