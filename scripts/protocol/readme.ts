import { KINDS, type KindName, LIMITS } from "../../ts-client/src/protocol/index.ts";
import type { Json } from "./canonical.ts";
import { fieldTable } from "./field-table.ts";
import { headerSchema, KIND_NAMES } from "./schema-files.ts";

type Schema = { readonly [key: string]: Json };

/** The specification with its tables written anew, between `<!-- table: NAME -->` and `<!-- end -->`. */
export function withTables(readme: string): string {
  const tables = new Map([
    ["kinds", kindsTable()],
    ["limits", limitsTable()],
    ["fields", KIND_NAMES.map(kindSection).join("\n\n")],
    ["options", fieldTable(optionsSchema())],
  ]);
  return readme.replace(/<!-- table: (\w+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`there is no table ${name}`);
    return `<!-- table: ${name} -->\n\n${table}\n\n<!-- end -->`;
  });
}

function kindsTable(): string {
  const rows = KIND_NAMES.map((kind) => {
    const { code, from, on, about } = KINDS[kind];
    return `| ${byteText(code)} | [${kind}](#${anchor(kind)}) | ${from.join(", ")} | ${on.join(", ")} | ${about} |`;
  });
  return ["| byte | kind | sent by | sockets | meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}

function kindSection(kind: KindName): string {
  return `### ${kind}\n\n\`${byteText(KINDS[kind].code)}\`: ${KINDS[kind].about}.\n\n${fieldTable(headerSchema(kind))}`;
}

const LIMIT_TEXTS: { readonly [K in keyof typeof LIMITS]: string } = {
  headerBytes: "bytes of a header",
  largeHeaderBytes: "bytes of a header of the kinds named below",
  depth: "maps and arrays within each other in a header, the header itself counted",
  items: "map entries and array items in a header, all together",
  keyBytes: "bytes of a key in UTF-8",
  tensors: "tensor frames of a message",
  rank: "dimensions of a tensor",
  tensorBytes: "bytes of a message's tensor frames, all together",
  partBytes: "bytes of a PART's tensor",
  outputBytes: "bytes of a request's outputs, all together",
  batch: "requests in one SUBMIT",
  errorMessageBytes: "bytes of an error's `message` in UTF-8, as its sender cuts it",
};

function limitsTable(): string {
  const rows = Object.entries(LIMIT_TEXTS).map(([name, text]) => {
    return `| ${LIMITS[name as keyof typeof LIMITS].toLocaleString("en-US")} | ${text} |`;
  });
  return ["| at most | |", "|---:|---|", ...rows].join("\n");
}

function optionsSchema(): Schema {
  const { items } = headerSchema("SUBMIT").properties as { readonly items: { readonly items: Schema } };
  const { op } = items.items.properties as { readonly op: { readonly oneOf: readonly Schema[] } };
  const options = op.oneOf.map(({ properties }) => (properties as { readonly options?: Schema }).options);
  return options.find((schema) => schema !== undefined) as Schema;
}

function byteText(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}

function anchor(kind: KindName): string {
  return kind.toLowerCase();
}
