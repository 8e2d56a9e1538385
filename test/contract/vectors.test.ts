import { describe, expect, it } from "vitest";
import { frameOf } from "../../scripts/protocol/vectors/frame-text.ts";
import type { AcceptVector } from "../../scripts/protocol/vectors/vector.ts";
import { InstructBlipError } from "../../ts-client/src/errors/index.ts";
import { decodeMessage, encodeMessage } from "../../ts-client/src/protocol/index.ts";
import { WIRE_CODES } from "../../ts-client/src/tensor/index.ts";
import { ACCEPTED, REJECTED } from "./vectors.ts";

/** The message of a vector as the vector tells it. */
function readAs({ frames }: AcceptVector) {
  const bytes = frames.map(frameOf);
  const message = decodeMessage(bytes);
  if (message === undefined) return { read: {}, message, bytes };
  const { tensors: _, ...header } = message.header as { tensors?: unknown };
  const tensors = message.tensors.map(({ dtype, shape }) => ({
    dtype: WIRE_CODES[dtype],
    shape: [...shape],
  }));
  return {
    read: { kind: message.kind, header, ...(_ !== undefined && { tensors }) },
    message,
    bytes,
  };
}

describe.each([...ACCEPTED])("accepted vectors: %s", (_, vectors) => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const { name: _unused, frames: _frames, ...expected } = vector;
    const { read, message, bytes } = readAs(vector);
    expect(read).toStrictEqual(expected);
    for (const [i, tensor] of (message?.tensors ?? []).entries()) {
      expect(Buffer.compare(tensor.bytes(), bytes[i + 2] as Buffer)).toBe(0);
    }
  });

  it("come back equal when they are encoded again", () => {
    for (const vector of vectors) {
      const { message, bytes } = readAs(vector);
      if (message === undefined) continue;
      const frames = encodeMessage(message.kind, message.header, message.tensors);
      const again = decodeMessage(frames);
      expect(again?.header, vector.name).toStrictEqual(message.header);
      expect(frames.slice(2).map((frame, i) => Buffer.compare(frame, bytes[i + 2] as Buffer))).toEqual(
        message.tensors.map(() => 0),
      );
    }
  });
});

describe.each([...REJECTED])("rejected vectors: %s", (_, vectors) => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_name, { frames, path }) => {
    const refusal = refusalOf(frames.map(frameOf));
    expect(refusal).toBeInstanceOf(InstructBlipError);
    expect(refusal).toMatchObject({ code: "PROTOCOL", path });
  });
});

function refusalOf(frames: readonly Uint8Array[]): unknown {
  try {
    return decodeMessage(frames);
  } catch (error) {
    return error;
  }
}
