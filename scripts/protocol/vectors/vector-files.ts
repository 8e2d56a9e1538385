import type { Json } from "../canonical.ts";
import { KIND_NAMES } from "../schema-files.ts";
import { framingFaults } from "./framing-faults.ts";
import { acceptedForms } from "./hand-accepted.ts";
import { headerFaults } from "./header-faults.ts";
import { acceptedOfKind, rejectedOfKind } from "./kind-vectors.ts";
import { acceptedTensors, rejectedTensors } from "./tensor-vectors.ts";
import type { AcceptVector, RejectVector } from "./vector.ts";

/** The vector files by path from the repository's root. */
export function vectorFiles(): ReadonlyMap<string, string> {
  const accepted: ReadonlyArray<readonly [string, readonly AcceptVector[]]> = [
    ...KIND_NAMES.map((kind) => [kind, acceptedOfKind(kind)] as const),
    ["forms", acceptedForms()],
    ["tensors", acceptedTensors()],
  ];
  const rejected: ReadonlyArray<readonly [string, readonly RejectVector[]]> = [
    ...KIND_NAMES.map((kind) => [kind, rejectedOfKind(kind)] as const),
    ["framing", framingFaults()],
    ["header", headerFaults()],
    ["tensors", rejectedTensors()],
  ];
  const files = new Map<string, string>();
  for (const [name, vectors] of accepted)
    files.set(`protocol/vectors/accept/${name}.json`, vectorFile(vectors));
  for (const [name, vectors] of rejected)
    files.set(`protocol/vectors/reject/${name}.json`, vectorFile(vectors));
  return files;
}

/** One vector a line. */
function vectorFile(vectors: ReadonlyArray<AcceptVector | RejectVector>): string {
  const names = vectors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two vectors are named ${twice}`);
  return `[\n${vectors.map((vector) => JSON.stringify(vector as unknown as Json)).join(",\n")}\n]\n`;
}
