import { describe, expect, it } from "vitest";
import { toRows } from "../../../ts-client/src/model/generate-inputs.ts";
import { contentHash } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const EMPTY = { inputIds: Int32Array.of(1), qformerInputIds: Int32Array.of(101, 102) };

function ids(...rows: number[][]): Tensor<"int64"> {
  return new Tensor("int64", [rows.length, rows[0]?.length ?? 0], BigInt64Array.from(rows.flat(), BigInt));
}

/** Pictures of 2×2 whose values are their position. */
function pictures(count: number) {
  return new Tensor(
    "float32",
    [count, 3, 2, 2],
    Float32Array.from({ length: count * 12 }, (_, i) => i / 10),
  );
}

const rows = (inputs: object) => toRows(inputs as Parameters<typeof toRows>[0], EMPTY, 2);

describe("toRows", () => {
  it("strips padding from either side by the masks", () => {
    const made = rows({
      pixelValues: pictures(2),
      inputIds: ids([0, 0, 5, 6], [7, 8, 9, 4]),
      attentionMask: ids([0, 0, 1, 1], [1, 1, 1, 1]),
      qformerInputIds: ids([101, 3, 102], [101, 102, 0]),
      qformerAttentionMask: ids([1, 1, 1], [1, 1, 0]),
    });
    expect(made.map((row) => [...row.inputIds])).toEqual([
      [5, 6],
      [7, 8, 9, 4],
    ]);
    expect(made.map((row) => [...row.qformerInputIds])).toEqual([
      [101, 3, 102],
      [101, 102],
    ]);
  });

  it("keeps every token where there is no mask", () => {
    const [row] = rows({ pixelValues: pictures(1), inputIds: ids([0, 5]), qformerInputIds: ids([0]) });
    expect([...(row?.inputIds ?? [])]).toEqual([0, 5]);
  });

  it("names each picture by its content, [3, height, width]", () => {
    const pixelValues = pictures(2);
    const made = rows({ pixelValues, inputIds: ids([1], [1]), qformerInputIds: ids([1], [1]) });
    expect(made[1]?.image.tensor.shape).toEqual([3, 2, 2]);
    expect(made[1]?.image.hash).toBe(contentHash(pixelValues.slice(1)));
    expect(made[0]?.image.hash).not.toBe(made[1]?.image.hash);
  });

  it("marks pictures whose positions are to be interpolated", () => {
    const pixelValues = new Tensor("float32", [1, 3, 14, 56], new Float32Array(3 * 14 * 56));
    const inputs = {
      pixelValues,
      inputIds: ids([1]),
      qformerInputIds: ids([1]),
      interpolatePosEncoding: true,
    };
    const made = toRows(inputs, EMPTY, 28);
    expect(made[0]?.image).toMatchObject({ interpolate: true, tensor: { shape: [3, 14, 56] } });
    const fixed = { ...inputs, interpolatePosEncoding: false };
    expect(() => toRows(fixed, EMPTY, 28)).toThrow(/Set `interpolatePosEncoding: true`/);
  });

  it("sends the 8-bit pixels where the processor kept them", () => {
    const pixels = new Tensor(
      "uint8",
      [1, 2, 2, 3],
      Uint8Array.from({ length: 12 }, (_, i) => i),
    );
    const [row] = rows({
      pixelValues: Object.assign(pictures(1), { pixels, arePixelsEnough: true }),
      inputIds: ids([1]),
      qformerInputIds: ids([1]),
    });
    expect(row?.image.tensor).toMatchObject({ dtype: "uint8", shape: [2, 2, 3] });
  });

  it("asks several prompts about one picture, and one prompt about several pictures", () => {
    const prompts = rows({
      pixelValues: pictures(1),
      inputIds: ids([1], [2], [3]),
      qformerInputIds: ids([1], [2], [3]),
    });
    expect(prompts).toHaveLength(3);
    expect(new Set(prompts.map((row) => row.image)).size).toBe(1);
    const images = rows({ pixelValues: pictures(3), inputIds: ids([1]), qformerInputIds: ids([1]) });
    expect(new Set(images.map((row) => row.image.hash)).size).toBe(3);
  });

  it("takes the empty prompt where one is left out", () => {
    expect(rows({ pixelValues: pictures(1) })).toMatchObject([EMPTY]);
  });

  it.each([
    ["pixelValues", {}],
    ["pixelValues", { pixelValues: [[0]] }],
    ["pixelValues", { pixelValues: new Tensor("float32", [1, 1, 2, 2], new Float32Array(4)) }],
    ["pixelValues", { pixelValues: new Tensor("uint8", [1, 3, 2, 2], new Uint8Array(12)) }],
    ["inputIds", { pixelValues: pictures(1), inputIds: [1, 2] }],
    ["pixelValues", { pixelValues: pictures(2), inputIds: ids([1], [2], [3]), qformerInputIds: ids([1]) }],
    ["inputIds[0]", { pixelValues: pictures(1), inputIds: ids([-1]) }],
    ["attentionMask", { pixelValues: pictures(1), attentionMask: ids([1]) }],
    ["attentionMask", { pixelValues: pictures(1), inputIds: ids([1, 2]), attentionMask: ids([1]) }],
    [
      "attentionMask[0]",
      { pixelValues: pictures(1), inputIds: ids([1, 2, 3]), attentionMask: ids([1, 0, 1]) },
    ],
    ["attentionMask[0]", { pixelValues: pictures(1), inputIds: ids([1, 2]), attentionMask: ids([0, 0]) }],
    ["attentionMask[0]", { pixelValues: pictures(1), inputIds: ids([1, 2]), attentionMask: ids([2, 1]) }],
    [
      "qformerAttentionMask[0]",
      { pixelValues: pictures(1), qformerInputIds: ids([1, 2, 3]), qformerAttentionMask: ids([1, 0, 1]) },
    ],
  ])("refuses a wrong %s", (path, inputs) => {
    expect(() => rows(inputs)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", path }));
  });

  it("says how a mask with a hole is to be mended", () => {
    expect(() =>
      rows({ pixelValues: pictures(1), inputIds: ids([1, 2, 3]), attentionMask: ids([1, 0, 1]) }),
    ).toThrow(
      '`attentionMask[0]` must be a single run of 1 with 0 before or after it, but the string "[1, 0, 1]" was given. ' +
        "Padding goes to the ends: a token inside a prompt cannot be masked.",
    );
  });
});
