import { z } from "zod";
import { ERROR_CODES } from "../../ts-client/src/errors/index.ts";
import {
  FEATURES,
  HEADER_SCHEMAS,
  KINDS,
  type KindName,
  LARGE_HEADER_KINDS,
  LIMITS,
  PROTOCOL_MAJOR,
  PROTOCOL_MINORS,
} from "../../ts-client/src/protocol/index.ts";
import { canonicalHash, type Json, jsonFile } from "./canonical.ts";

/** The JSON Schema (draft 2020-12) of a kind's header; unknown fields are allowed. */
export function headerSchema(kind: KindName): { readonly [key: string]: Json } {
  const { $schema, ...schema } = z.toJSONSchema(HEADER_SCHEMAS[kind], { io: "input" });
  return {
    $schema: $schema as string,
    $id: `urn:instructblip-workers:ibw:${PROTOCOL_MAJOR}:${kind}`,
    title: kind,
    description: KINDS[kind].about,
    ...(schema as { readonly [key: string]: Json }),
  };
}

/** The same without `tensors`: what a message's author writes. */
export function fieldsSchema(kind: KindName): { readonly [key: string]: Json } {
  const { properties, required, ...rest } = headerSchema(kind);
  const { tensors: _, ...fields } = properties as { readonly [key: string]: Json };
  return { ...rest, properties: fields, required: (required as string[]).filter((name) => name in fields) };
}

/** Every kind's name, in the order of their bytes. */
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

/** What `index.json` says: all that the two sides have to agree on, beside the schemas. */
function facts() {
  return {
    magic: "IBW",
    major: PROTOCOL_MAJOR,
    minors: PROTOCOL_MINORS,
    features: FEATURES,
    limits: LIMITS,
    largeHeaderKinds: LARGE_HEADER_KINDS,
    kinds: Object.fromEntries(
      KIND_NAMES.map((kind) => {
        const { code, from, on } = KINDS[kind];
        return [kind, { code, from, on, tensors: "tensors" in HEADER_SCHEMAS[kind].shape }];
      }),
    ),
    errorCodes: Object.keys(ERROR_CODES),
  } satisfies Json;
}

/** The generated files by path from the repository's root: schemas, their index, and the hash for both sides. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const schemas = new Map(KIND_NAMES.map((kind) => [kind, headerSchema(kind)]));
  const hash = canonicalHash({ ...facts(), schemas: Object.fromEntries(schemas) });
  const files = new Map<string, string>();
  for (const [kind, schema] of schemas) files.set(`protocol/schema/${kind}.json`, jsonFile(schema));
  files.set("protocol/schema/index.json", jsonFile({ ...facts(), schemaHash: hash }));
  files.set(
    "ts-client/src/protocol/schema-hash.ts",
    `// Written by \`npm run protocol:generate\`.\n\n/** SHA-256 of the protocol's schemas and limits; HELLO carries it. */\nexport const SCHEMA_HASH = "${hash}";\n`,
  );
  files.set(
    "py-worker/instructblip_worker/protocol/_schema_hash.py",
    `"""Written by \`\`npm run protocol:generate\`\`."""\n\nSCHEMA_HASH = "${hash}"\n"""SHA-256 of the protocol's schemas and limits; HELLO carries it."""\n`,
  );
  return files;
}
