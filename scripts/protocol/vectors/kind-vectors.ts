import { KINDS, type KindName } from "../../../ts-client/src/protocol/index.ts";
import type { Json } from "../canonical.ts";
import { fieldsSchema, headerSchema } from "../schema-files.ts";
import { FULL } from "./examples.ts";
import { type Packable, pack, Raw } from "./msgpack.ts";
import { edgeValues, wrongValues } from "./schema-values.ts";
import { leastOf, variants } from "./schema-walk.ts";
import {
  type AcceptVector,
  accept,
  framesOf,
  type MessageCase,
  preamble,
  type RejectVector,
  reject,
} from "./vector.ts";

type Schema = { readonly [key: string]: Json };

/** Right messages of a kind: with all fields, with the fewest, and with every field at its edges. */
export function acceptedOfKind(kind: KindName): AcceptVector[] {
  const { header, tensors } = FULL[kind];
  const message = (variant: Packable): MessageCase => ({
    kind,
    header: variant as MessageCase["header"],
    ...(tensors && { tensors }),
  });
  const schema = fieldsSchema(kind);
  return [
    accept("every field", message(header)),
    accept("the fewest fields", message(leastOf(schema, header))),
    ...[...variants(schema, header, edgeValues)].map((variant) =>
      accept(`${variant.path}: ${variant.label}`, message(variant.header), readValue(variant.header)),
    ),
  ];
}

/** Messages of a kind with one field wrong. */
export function rejectedOfKind(kind: KindName): RejectVector[] {
  const { header, tensors } = FULL[kind];
  const wrong = [...variants(fieldsSchema(kind), header, wrongValues)].filter(({ path }) => path !== "");
  const vectors = wrong.map((variant) =>
    reject(
      `${variant.path}: ${variant.label}`,
      framesOf({ kind, header: variant.header as MessageCase["header"], ...(tensors && { tensors }) }),
      `header.${variant.path}`,
    ),
  );
  return tensors === undefined ? vectors : [...vectors, ...wrongSpecs(kind)];
}

/** Descriptions of tensors that the schema refuses; no frames are needed to see it. */
function wrongSpecs(kind: KindName): RejectVector[] {
  const { tensors } = headerSchema(kind).properties as { readonly tensors: Schema };
  const only: Schema = { type: "object", required: ["tensors"], properties: { tensors } };
  const example = { tensors: [{ dtype: "u8", shape: [2, 3], bytes: 6 }] };
  const header = FULL[kind].header;
  return [...variants(only, example, wrongValues)]
    .filter(({ path }) => path !== "")
    .map(({ path, label, header: specs }) =>
      reject(
        `${path}: ${label}`,
        [preamble(KINDS[kind].code), pack({ ...header, ...(specs as MessageCase["header"]) })],
        `header.${path}`,
      ),
    );
}

/** What a reader sees: the only raw bytes here are the number 2 as float64. */
function readValue(header: Packable): Json {
  return JSON.parse(JSON.stringify(header, (_, value) => (value instanceof Raw ? 2 : value))) as Json;
}
