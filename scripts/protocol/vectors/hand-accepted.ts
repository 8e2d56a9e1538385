import { KINDS, type KindName, LIMITS } from "../../../ts-client/src/protocol/index.ts";
import { FULL, HASH, PROMPT, REQUEST } from "./examples.ts";
import { frameText } from "./frame-text.ts";
import { float32, float64, int64, map, type Packable, pack, raw } from "./msgpack.ts";
import { type AcceptVector, accept, type MessageCase, padTo, preamble } from "./vector.ts";

const ref = { request_id: REQUEST, attempt: 1 };

const nested = (depth: number): Packable => (depth === 0 ? 1 : [nested(depth - 1)]);
function withFrames(
  name: string,
  kind: KindName,
  header: Uint8Array,
  read: AcceptVector["header"],
): AcceptVector {
  return {
    name,
    kind,
    frames: [preamble(KINDS[kind].code), header].map(frameText),
    ...(read !== undefined && { header: read }),
  };
}

/** A map of one BEAT whose unknown field has this value. */
const unknown = (name: string, value: Packable) =>
  withFrames(`an unknown field: ${name}`, "BEAT", pack({ seq: 1, later: value }), { seq: 1 });

const beat = (name: string, header: Packable, read: AcceptVector["header"]) =>
  withFrames(name, "BEAT", pack(header), read);

const cancel = (name: string, reason: string) => accept(name, { kind: "CANCEL", header: { ...ref, reason } });

/** Every way to write a value, unknown fields, and text that is easily spoilt. */
export function acceptedForms(): AcceptVector[] {
  return [
    beat("an integer in 2 bytes", map(["seq", raw("cc05")]), { seq: 5 }),
    beat("an integer in 3 bytes", map(["seq", raw("cd0005")]), { seq: 5 }),
    beat("an integer in 5 bytes", map(["seq", raw("ce00000005")]), { seq: 5 }),
    beat("an integer in 9 bytes", map(["seq", int64(5n, false)]), { seq: 5 }),
    beat("a signed integer in 2 bytes", map(["seq", raw("d005")]), { seq: 5 }),
    beat("a signed integer in 3 bytes", map(["seq", raw("d10005")]), { seq: 5 }),
    beat("a signed integer in 5 bytes", map(["seq", raw("d200000005")]), { seq: 5 }),
    beat("a signed integer in 9 bytes", map(["seq", int64(5n)]), { seq: 5 }),
    beat("the largest integer", map(["seq", int64(2n ** 53n - 1n, false)]), { seq: 2 ** 53 - 1 }),
    beat("the largest integer as float64", map(["seq", float64(2 ** 53 - 1)]), { seq: 2 ** 53 - 1 }),
    beat("a whole number as float32", map(["seq", float32(3)]), { seq: 3 }),
    beat("minus zero", map(["seq", float64(-0)]), { seq: 0 }),
    beat("a map with a 2-byte length", raw("de0001 a3736571 05"), { seq: 5 }),
    beat("a map with a 4-byte length", raw("df00000001 a3736571 05"), { seq: 5 }),
    beat("a key with a 1-byte length", raw("81 d903736571 05"), { seq: 5 }),
    beat("a key with a 2-byte length", raw("81 da0003736571 05"), { seq: 5 }),
    beat("a key with a 4-byte length", raw("81 db00000003736571 05"), { seq: 5 }),
    beat("an array with a 2-byte length", map(["seq", 5], ["running", raw("dc0000")]), {
      seq: 5,
      running: [],
    }),
    beat("an array with a 4-byte length", map(["seq", 5], ["running", raw("dd00000000")]), {
      seq: 5,
      running: [],
    }),
    accept("whole numbers where fractions may be", {
      kind: "PROGRESS",
      header: { worker_epoch: 1, stage: "read", fraction: 1 },
    }),
    accept(
      "a fraction as float32",
      { kind: "PROGRESS", header: { worker_epoch: 1, stage: "read", fraction: float32(0.5) } },
      { worker_epoch: 1, stage: "read", fraction: 0.5 },
    ),
    accept("a very small number", {
      kind: "PROGRESS",
      header: { worker_epoch: 1, stage: "read", fraction: 5e-324 },
    }),
    unknown("true", true),
    unknown("text", "x"),
    unknown("a negative integer", -5),
    unknown("the smallest integer", int64(-(2n ** 53n) + 1n)),
    unknown("a number beyond the integers", float64(1e300)),
    unknown("a map", { a: { b: [1, "c"] } }),
    unknown("maps and arrays 8 deep", nested(7)),
    unknown("as many entries as there may be", raw(`dc0ffe${"01".repeat(4094)}`)),
    beat("an empty key", map(["seq", 1], ["", 1]), { seq: 1 }),
    beat("a key of 48 bytes", map(["seq", 1], ["k".repeat(48), 1]), { seq: 1 }),
    beat(
      "names that every object inherits",
      {
        seq: 1,
        constructor: { prototype: { seq: 2 } },
        toString: 1,
        hasOwnProperty: 2,
        valueOf: 3,
        __proto: 4,
      },
      { seq: 1 },
    ),
    cancel("text: empty", ""),
    cancel("text: a byte order mark before 100 letters", `\ufeff${"a".repeat(100)}`),
    cancel("text: a byte order mark alone", "\ufeff"),
    cancel("text: 256 accented letters", "\u00e9".repeat(256)),
    cancel("text: combining marks", "e\u0301 \u0915\u094d\u0937"),
    cancel("text: joined emoji", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}"),
    cancel("text: control characters", "\u0000\u0001\u001b[31m\u007f\u0085\u2028\u2029"),
    cancel("text: private use and the last code point", "\ue000\u{10ffff}\ufffe\uffff"),
    cancel("text: the replacement character", "\ufffd"),
    cancel("text: right to left", "\u202e\u05d0\u05d1 \u0627"),
    padded("a header of 16 KiB", "CANCEL", { ...ref, reason: "" }, LIMITS.headerBytes),
    padded("a header of 64 KiB", "BEAT", { seq: 1 }, LIMITS.largeHeaderBytes),
    ...sources(),
    ...choices(),
    ...operations(),
    ...records(),
    ...ignored(),
  ];
}

/** A message whose header has so many bytes. */
function padded(
  name: string,
  kind: KindName,
  header: { readonly [key: string]: string | number },
  bytes: number,
): AcceptVector {
  return withFrames(name, kind, padTo(bytes, header), header);
}

/** The sources of a checkpoint that the full example leaves out. */
function sources(): AcceptVector[] {
  const { header } = FULL.LOAD;
  return [
    { kind: "folder", path: "/models/tiny" },
    { kind: "scripted", script: "" },
    { kind: "hub", repo: "owner/name" },
    { kind: "config", model: "vision", config: '{"hidden_size":64}', seed: 7 },
  ].map((source) => accept(`LOAD from ${source.kind}`, { kind: "LOAD", header: { ...header, source } }));
}

/** Options that may be of several types. */
function choices(): AcceptVector[] {
  return [
    { early_stopping: true },
    { early_stopping: false },
    { forced_eos_token_id: 0 },
    { forced_eos_token_id: 2 ** 31 - 1 },
    { forced_eos_token_id: [] },
    { sequence_bias: [] },
    { bad_words_ids: [] },
    { temperature: 5e-324 },
    { watermarking_config: {} },
  ].map((choice) => {
    const image = { hash: HASH };
    const options = { max_new_tokens: 1, ...choice };
    const op = { kind: "generate", image, input_ids: 0, qformer_input_ids: 0, options };
    const items = [{ ...ref, op, stream: false }];
    return accept(`SUBMIT with ${JSON.stringify(choice)}`, {
      kind: "SUBMIT",
      header: { model_id: "m", items },
      tensors: [PROMPT],
    });
  });
}

/** Operations that the full example leaves out. */
function operations(): AcceptVector[] {
  const image = { hash: HASH };
  const inputs = { pixel_values: 0 };
  return [
    { kind: "rank", image, input_ids: 0, qformer_input_ids: 0, candidates: 0 },
    { kind: "forward", module: "model", inputs, outputs: ["logits"], output_dtype: "bf16" },
    { kind: "forward", module: "vision", inputs, outputs: ["a"], interpolate_pos_encoding: true },
    { kind: "forward", module: "qformer", inputs: {}, outputs: ["a", "b"] },
    { kind: "forward", module: "image_features", inputs, outputs: ["a"], output_dtype: "f16" },
  ].map((op) => {
    const name = [op.kind, op.module].filter((word) => word !== undefined).join(" ");
    const items = [{ ...ref, op, stream: false }];
    return accept(`SUBMIT of ${name}`, {
      kind: "SUBMIT",
      header: { model_id: "m", items },
      tensors: [PROMPT],
    });
  });
}

/** Maps with free keys. */
function records(): AcceptVector[] {
  const { tensors, header } = FULL.RESULT;
  const result = (name: string, fields: MessageCase["header"]) =>
    accept(`RESULT with ${name}`, {
      kind: "RESULT",
      header: { ...header, ...fields },
      ...(tensors && { tensors }),
    });
  const inherited = { constructor: 1, toString: 0, hasOwnProperty: 1, __defineGetter__: 0 };
  return [
    result("no outputs", { outputs: {} }),
    result("no timings", { timings: {} }),
    result("outputs named as what every object inherits", { outputs: inherited }),
    result("timings named as what every object inherits", { timings: inherited }),
    result("a negative timing", { timings: { skew: -1.5 } }),
    result("an output named with nothing", { outputs: { "": 0 } }),
  ];
}

/** Messages of kinds to come, marked as ignorable. */
function ignored(): AcceptVector[] {
  const preambleOnly = preamble(0x7e, 0, 1);
  return [
    { name: "ignored: an unknown kind", frames: [preambleOnly, pack({ seq: 1 })].map(frameText) },
    { name: "ignored: an unknown kind with nothing behind", frames: [frameText(preambleOnly)] },
    {
      name: "ignored: an unknown kind with a header no one can read",
      frames: [preamble(0xff, 9, 1), Buffer.of(0xc1)].map(frameText),
    },
    {
      name: "a known kind that could be ignored",
      kind: "BEAT",
      frames: [preamble(KINDS.BEAT.code, 0, 1), pack({ seq: 1 })].map(frameText),
      header: { seq: 1 },
    },
  ];
}
