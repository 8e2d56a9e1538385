import { KINDS } from "../../../ts-client/src/protocol/index.ts";
import { FULL, HASH, IMAGE, PROMPT, REQUEST } from "./examples.ts";
import { type Packable, pack } from "./msgpack.ts";
import {
  type AcceptVector,
  accept,
  framesOf,
  type MessageCase,
  preamble,
  type RejectVector,
  reject,
  type TensorCase,
} from "./vector.ts";

const MEBI = 2 ** 20;

const put = (tensor: TensorCase): MessageCase => ({
  kind: "PUT",
  header: { hash: HASH, tensor: 0 },
  tensors: [tensor],
});

const zeros = (dtype: string, shape: readonly number[], bytes: number): TensorCase => ({
  dtype,
  shape,
  data: new Uint8Array(bytes),
});

const counting = (dtype: string, shape: readonly number[], bytes: number): TensorCase => ({
  dtype,
  shape,
  data: Uint8Array.from({ length: bytes }, (_, i) => i + 1),
});

/** Tensors of every type, and of shapes at their limits. */
export function acceptedTensors(): AcceptVector[] {
  const shapes: ReadonlyArray<readonly [string, TensorCase]> = [
    ["u8", counting("u8", [2, 3], 6)],
    ["i8", counting("i8", [2, 3], 6)],
    ["i32", counting("i32", [2, 3], 24)],
    ["i64", counting("i64", [2], 16)],
    ["f16", counting("f16", [3], 6)],
    ["bf16", counting("bf16", [3], 6)],
    ["f32", counting("f32", [3], 12)],
    ["bool", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    [
      "f32: NaN and infinity, which are data",
      { dtype: "f32", shape: [2], data: Buffer.from("0000c07f0000807f", "hex") },
    ],
    ["a scalar", counting("f32", [], 4)],
    ["nothing in it", zeros("f32", [0], 0)],
    ["nothing in it, by its last dimension", zeros("i64", [5, 0], 0)],
    ["nothing in it, by its first dimension", zeros("i64", [0, 2 ** 31 - 1], 0)],
    [
      "nothing in it, though the other sizes multiply to 2^64",
      zeros("u8", [65536, 65536, 65536, 65536, 0], 0),
    ],
    ["8 dimensions", counting("u8", [1, 1, 2, 1, 1, 1, 3, 1], 6)],
    ["64 MiB", zeros("u8", [64, MEBI], 64 * MEBI)],
  ];
  const item = { request_id: REQUEST, attempt: 1, stream: false };
  const op = { kind: "generate", options: { max_new_tokens: 1 } };
  return [
    ...shapes.map(([name, tensor]) => accept(`a tensor: ${name}`, put(tensor))),
    accept("255 tensors, the last one named", {
      kind: "SUBMIT",
      header: {
        model_id: "m",
        items: [
          {
            ...item,
            op: { ...op, image: { hash: HASH, tensor: 254 }, input_ids: 253, qformer_input_ids: 0 },
          },
        ],
      },
      tensors: Array.from({ length: 255 }, () => zeros("u8", [], 1)),
    }),
    accept("16 requests that share a picture", {
      kind: "SUBMIT",
      header: {
        model_id: "m",
        items: Array.from({ length: 16 }, (_, i) => ({
          ...item,
          attempt: i + 1,
          op: { ...op, image: { hash: HASH, tensor: 0 }, input_ids: 1, qformer_input_ids: 1 },
        })),
      },
      tensors: [IMAGE, PROMPT],
    }),
    accept("tensors that nothing names", {
      kind: "RESULT",
      header: { ...FULL.RESULT.header, outputs: {} },
      tensors: [IMAGE],
    }),
  ];
}

/** Tensors that are not what the header says. */
export function rejectedTensors(): RejectVector[] {
  const code = KINDS.PUT.code;
  const header = (...specs: readonly Packable[]) => pack({ hash: HASH, tensor: 0, tensors: specs });
  const spec = (dtype: string, shape: readonly number[], bytes: number) => ({ dtype, shape, bytes });
  const six = spec("u8", [1, 2, 3], 6);
  const data = IMAGE.data;
  const one = (name: string, entry: Packable, frame: Uint8Array, path = "tensors[0]") =>
    reject(name, [preamble(code, 1), header(entry), frame], path);
  const big = [zeros("u8", [64, MEBI], 64 * MEBI), zeros("u8", [1], 1)];
  return [
    one("the frame is a byte short", six, data.subarray(1)),
    one("the frame is a byte long", six, Buffer.concat([data, data.subarray(0, 1)])),
    one("the frame is empty", six, Buffer.alloc(0)),
    one("the header says fewer bytes than the shape", spec("u8", [1, 2, 3], 5), data.subarray(1)),
    one("the header says more bytes than the shape", spec("u8", [1, 2, 3], 7), Buffer.alloc(7)),
    one("the bytes are right for another type", spec("i32", [1, 2, 3], 6), data),
    one("the bytes are elements, not bytes", spec("i64", [2], 2), Buffer.alloc(16)),
    one("bytes for a shape with nothing in it", spec("u8", [0, 3], 6), data),
    one("no bytes for a scalar", spec("f32", [], 0), Buffer.alloc(0)),
    one(
      "sizes whose product overflows 64 bits to 0",
      spec("u8", [65536, 65536, 65536, 65536], 0),
      Buffer.alloc(0),
    ),
    one(
      "sizes whose product overflows 64 bits to 6",
      spec("u8", [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1], 6),
      data,
    ),
    one(
      "8 sizes at their largest",
      spec(
        "i64",
        Array.from({ length: 8 }, () => 2 ** 31 - 1),
        0,
      ),
      Buffer.alloc(0),
    ),
    one("sizes whose product is exact only beyond doubles", spec("u8", [94906267, 94906267], 6), data),
    reject(
      "the second frame is wrong",
      [preamble(code, 2), header(six, six), data, data.subarray(1)],
      "tensors[1]",
    ),
    reject("two frames, one described", [preamble(code, 2), header(six), data, data], "tensors"),
    reject("one frame, two described", [preamble(code, 1), header(six, six), data], "tensors"),
    reject("one frame, none described", [preamble(code, 1), header(), data], "tensors"),
    reject("no frame, one described", [preamble(code, 0), header(six)], "tensors"),
    reject(
      "a byte more than 64 MiB of tensors",
      framesOf({ kind: "PUT", header: { hash: HASH, tensor: 0 }, tensors: big }),
      "tensors",
    ),
    reject(
      "256 tensors described",
      [
        preamble(code, 255),
        header(...Array.from({ length: 256 }, () => six)),
        ...Array.from({ length: 255 }, () => data),
      ],
      "header.tensors",
    ),
    ...rejectedReferences(),
  ];
}

/** Positions of tensors that are not there. */
function rejectedReferences(): RejectVector[] {
  const question = { image: { hash: HASH, tensor: 0 }, input_ids: 1, qformer_input_ids: 1 };
  const op = { kind: "generate", ...question, options: { max_new_tokens: 1 } };
  const item = { request_id: REQUEST, attempt: 1, stream: false, op };
  const submit = (name: string, fields: MessageCase["header"], path: string) =>
    reject(
      `no such tensor: ${name}`,
      framesOf({
        kind: "SUBMIT",
        header: { model_id: "m", items: [item, { ...item, attempt: 2, op: { ...op, ...fields } }] },
        tensors: [IMAGE, PROMPT],
      }),
      `header.items[1].op.${path}`,
    );
  const other = (
    kind: "PART" | "RESULT" | "PUT" | "ASSETS_REPLY",
    fields: MessageCase["header"],
    path: string,
  ) => {
    const { header, tensors } = FULL[kind];
    return reject(
      `no such tensor: ${kind}`,
      framesOf({ kind, header: { ...header, ...fields }, ...(tensors && { tensors }) }),
      `header.${path}`,
    );
  };
  return [
    submit("the picture", { image: { hash: HASH, tensor: 2 } }, "image.tensor"),
    submit("the prompt", { input_ids: 2 }, "input_ids"),
    submit("the Q-Former's prompt", { qformer_input_ids: 254 }, "qformer_input_ids"),
    submit("a candidate", { ...question, kind: "rank", candidates: 2 }, "candidates"),
    submit(
      "an input",
      { kind: "forward", module: "vision", inputs: { pixel_values: 3 }, outputs: ["a"] },
      "inputs.pixel_values",
    ),
    other("PART", { tensor: 1 }, "tensor"),
    other("RESULT", { outputs: { sequences: 0, scores: 2 } }, "outputs.scores"),
    other("PUT", { tensor: 1 }, "tensor"),
    other(
      "ASSETS_REPLY",
      {
        files: [
          { path: "a", tensor: 0 },
          { path: "b", tensor: 1 },
        ],
      },
      "files[1].tensor",
    ),
  ];
}
