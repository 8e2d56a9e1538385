import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { schemaFiles } from "../../scripts/protocol/schema-files.ts";
import { vectorFiles } from "../../scripts/protocol/vectors/vector-files.ts";
import { SCHEMA_HASH } from "../../ts-client/src/protocol/index.ts";

const ROOT = join(import.meta.dirname, "../..");
const REMEDY = "run `npm run protocol:generate` and commit what it writes";

describe.each([
  ["schemas", schemaFiles(), ["protocol/schema"]],
  ["vectors", vectorFiles(), ["protocol/vectors/accept", "protocol/vectors/reject"]],
] as const)("the committed %s", (_, files, folders) => {
  it.each([...files.keys()])("%s is what the generator writes", (path) => {
    // Compared as a boolean: a diff of these files would be longer than anyone reads.
    expect(readFileSync(join(ROOT, path), "utf8") === files.get(path), REMEDY).toBe(true);
  });

  it("are all there is in their folders", () => {
    const committed = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder)).map((file) => `${folder}/${file}`),
    );
    expect(committed.filter((path) => !files.has(path))).toEqual([]);
  });
});

describe("the schema hash", () => {
  it("is the one in the committed index", () => {
    const index: unknown = JSON.parse(readFileSync(join(ROOT, "protocol/schema/index.json"), "utf8"));
    expect(index).toMatchObject({ schemaHash: SCHEMA_HASH });
  });
});
