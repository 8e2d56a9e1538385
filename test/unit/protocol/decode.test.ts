import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, tensorOf } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const HASH = "5a".repeat(32);
const picture = new Tensor("float32", [2], Float32Array.of(1.5, -2));
const put = () => encodeMessage("PUT", { hash: HASH, tensor: 0 }, [picture]);

/** A frame within a larger piece of memory, `offset` bytes from its start. */
function frameAt(offset: number, bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(offset + bytes.length);
  memory.set(bytes, offset);
  return memory.subarray(offset);
}

describe("decodeMessage", () => {
  it("gives tensors over the frame's memory where it is aligned", () => {
    const [preamble, header, raw] = put() as [Uint8Array, Uint8Array, Uint8Array];
    const frame = frameAt(8, raw);
    const message = decodeMessage([preamble, header, frame]);
    expect(message?.tensors[0]?.data.buffer).toBe(frame.buffer);
    expect(message?.tensors[0]?.toArray()).toEqual([1.5, -2]);
  });

  it("copies a tensor whose frame is not aligned", () => {
    const [preamble, header, raw] = put() as [Uint8Array, Uint8Array, Uint8Array];
    const message = decodeMessage([preamble, header, frameAt(3, raw)]);
    expect(message?.tensors[0]?.toArray()).toEqual([1.5, -2]);
  });

  it("reads frames that lie anywhere in memory", () => {
    const message = decodeMessage(put().map((frame) => frameAt(5, frame)));
    expect(message).toMatchObject({ kind: "PUT", header: { hash: HASH, tensor: 0 } });
  });

  it("drops fields that it does not know", () => {
    const [preamble] = encodeMessage("BEAT", { seq: 1 }) as [Uint8Array];
    const header = Buffer.from("82a373657101a56c6174657202", "hex");
    expect(decodeMessage([preamble, header])?.header).toStrictEqual({ seq: 1 });
  });

  it("gives undefined for an unknown kind that may be ignored", () => {
    expect(decodeMessage([Buffer.from("494257017e010000", "hex")])).toBeUndefined();
  });

  it("names the field that is wrong, and not its value", () => {
    const [preamble] = encodeMessage("CANCEL", { request_id: HASH, attempt: 1, reason: "" }) as [Uint8Array];
    const [, header] = encodeMessage("CANCEL", { request_id: "a secret", attempt: 1, reason: "" }) as [
      Uint8Array,
      Uint8Array,
    ];
    expect(() => decodeMessage([preamble, header])).toThrow(/at header\.request_id/);
    expect(() => decodeMessage([preamble, header])).not.toThrow(/secret/);
  });
});

describe("tensorOf", () => {
  it("gives the tensor a header names", () => {
    const message = decodeMessage(put());
    expect(message !== undefined && tensorOf(message, 0).toArray()).toEqual([1.5, -2]);
  });

  it("refuses a position that is not there", () => {
    expect(() => tensorOf({ tensors: [picture] }, 1)).toThrow("there is no tensor 1; 1 came");
  });
});
