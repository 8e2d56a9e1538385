import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AcceptVector, RejectVector } from "../../scripts/protocol/vectors/vector.ts";

const VECTORS = join(import.meta.dirname, "../../protocol/vectors");

/** The committed vectors that a reader has to accept, by file. */
export const ACCEPTED: ReadonlyMap<string, readonly AcceptVector[]> = read("accept");

/** The committed vectors that a reader has to refuse, by file. */
export const REJECTED: ReadonlyMap<string, readonly RejectVector[]> = read("reject");

function read<T>(folder: string): ReadonlyMap<string, readonly T[]> {
  const path = join(VECTORS, folder);
  return new Map(
    readdirSync(path)
      .sort()
      .map((file) => [file.replace(".json", ""), JSON.parse(readFileSync(join(path, file), "utf8")) as T[]]),
  );
}
