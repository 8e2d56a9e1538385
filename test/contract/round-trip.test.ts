import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KIND_NAMES } from "../../scripts/protocol/schema-files.ts";
import {
  decodeMessage,
  encodeMessage,
  HEADER_SCHEMAS,
  type KindName,
  type OutgoingHeader,
} from "../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../ts-client/src/tensor/index.ts";
import { arbitraryHeader, TENSORS_NAMED } from "./arbitrary-header.ts";
import { PYTHON_TIMEOUT_MS, readInPython } from "./python-codec.ts";

const SEED = 41;
const HEADERS_PER_KIND = 40;

const TENSORS = [
  new Tensor("float32", [2, 2], Float32Array.of(0.5, Number.NaN, Number.POSITIVE_INFINITY, -0)),
  new Tensor("int64", [2], BigInt64Array.of(-1n, 2n ** 62n)),
  new Tensor("uint8", [0, 3], new Uint8Array()),
];

const MESSAGES = KIND_NAMES.flatMap((kind) =>
  fc
    .sample(arbitraryHeader(kind), { seed: SEED, numRuns: HEADERS_PER_KIND })
    .map((header) => ({ kind, header, tensors: "tensors" in HEADER_SCHEMAS[kind].shape ? TENSORS : [] })),
);

function encode<K extends KindName>({ kind, header, tensors }: (typeof MESSAGES)[number] & { kind: K }) {
  return encodeMessage(kind, header as unknown as OutgoingHeader<K>, tensors);
}

describe(`${MESSAGES.length} random messages of all kinds`, () => {
  it("name no more tensors than they carry", () => {
    expect(TENSORS).toHaveLength(TENSORS_NAMED);
  });

  it("survive the way to Python and back", { timeout: PYTHON_TIMEOUT_MS }, async () => {
    const sent = MESSAGES.map(encode);
    const verdicts = await readInPython(sent);
    for (const [i, { kind, header, tensors }] of MESSAGES.entries()) {
      const verdict = verdicts[i];
      const name = `${kind} ${JSON.stringify(header)}`;
      if (verdict === undefined || verdict === null || "path" in verdict) {
        throw new Error(`Python refused ${name}: ${JSON.stringify(verdict)}`);
      }
      expect(verdict.kind, name).toBe(kind);
      expect(verdict.header, name).toEqual(header);
      const message = decodeMessage(verdict.frames);
      if (message === undefined) throw new Error(`${name} came back as a message to be ignored`);
      expect(message.kind, name).toBe(kind);
      const { tensors: specs, ...back } = message.header as { tensors?: unknown };
      expect(back, name).toStrictEqual(header);
      expect(specs === undefined, name).toBe(tensors.length === 0);
      expect(message.tensors.map(asBytes), name).toEqual(tensors.map(asBytes));
    }
  });
});

function asBytes(tensor: Tensor) {
  return { dtype: tensor.dtype, shape: tensor.shape, bytes: Buffer.from(tensor.bytes()).toString("hex") };
}
