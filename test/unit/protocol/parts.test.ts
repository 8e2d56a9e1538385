import { describe, expect, test } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  type MessageOf,
  type OutputPart,
  PartAssembly,
  splitOutputs,
} from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const MEBI = 1024 * 1024;
const request = { request_id: "018f0000-0000-7000-8000-000000000001", attempt: 1 };

function filled(mebibytes: number, value: number): Tensor<"float32"> {
  const size = (mebibytes * MEBI) / 4;
  return new Tensor("float32", [2, size / 2], new Float32Array(size).fill(value));
}

/** A part as the other side reads it. */
function received({ header, tensor }: OutputPart): MessageOf<"PART"> {
  const frames = encodeMessage("PART", { ...request, ...header }, [tensor]);
  return decodeMessage(frames) as MessageOf<"PART">;
}

const large = splitOutputs({ a: filled(9, 1.5), b: filled(5, -2) });

describe("large outputs", () => {
  test("go in parts and come together again; small ones stay in the result", () => {
    const tiny = new Tensor("int32", [2], Int32Array.of(1, 2));
    const outputs = { tiny, a: filled(9, 1.5), b: filled(5, -2) };
    const { small, parts } = splitOutputs(outputs);
    expect(small).toEqual([["tiny", tiny]]);
    expect(parts.map(({ header }) => [header.output, header.offset / MEBI])).toEqual([
      ["a", 0],
      ["a", 4],
      ["a", 8],
      ["b", 0],
      ["b", 4],
    ]);
    const assembly = new PartAssembly();
    for (const part of parts) assembly.add(received(part));
    const { a, b } = assembly.finish(5);
    expect([a?.dtype, a?.shape]).toEqual(["float32", [2, (9 * MEBI) / 8]]);
    expect(Buffer.compare(a?.bytes() as Uint8Array, outputs.a.bytes())).toBe(0);
    expect(Buffer.compare(b?.bytes() as Uint8Array, outputs.b.bytes())).toBe(0);
  });

  test("many small outputs that are large together do not all go into one result", () => {
    const outputs = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`o${i}`, filled(1, i)]));
    const { small, parts } = splitOutputs(outputs);
    expect([small.length, parts.length]).toEqual([4, 4]);
  });

  test.each<[string, (parts: readonly OutputPart[]) => readonly OutputPart[], number]>([
    ["a part is missing", (parts) => parts.slice(1), 5],
    ["a part comes twice", ([first, ...rest]) => [first, first, ...rest] as OutputPart[], 6],
    ["the last one never came", (parts) => parts.slice(0, -1), 5],
    ["the result speaks of fewer", (parts) => parts, 4],
    ["a part names another shape", (parts) => withHeader(parts, 1, { shape: [3] }), 5],
    ["a part names another type", (parts) => withHeader(parts, 1, { dtype: "i32" }), 5],
    ["a part begins elsewhere", (parts) => withHeader(parts, 1, { offset: 7 }), 5],
    ["a part reaches past the end", (parts) => withHeader(parts, 0, { shape: [1] }), 5],
    ["an output is beyond all limits", (parts) => withHeader(parts, 0, { shape: [2 ** 20, 2 ** 20] }), 5],
    ["an output stays short", (parts) => parts.slice(0, 2), 2],
  ])("are refused when %s", (_, change, count) => {
    const assembly = new PartAssembly();
    expect(() => {
      for (const part of change(large.parts)) assembly.add(received(part));
      assembly.finish(count);
    }).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
  });
});

function withHeader(parts: readonly OutputPart[], index: number, fields: Partial<OutputPart["header"]>) {
  return parts.map((part, i) => (i === index ? { ...part, header: { ...part.header, ...fields } } : part));
}
