import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withTables } from "../../scripts/protocol/readme.ts";
import { schemaFiles } from "../../scripts/protocol/schema-files.ts";
import { vectorFiles } from "../../scripts/protocol/vectors/vector-files.ts";
import { ERROR_CODES } from "../../ts-client/src/errors/index.ts";
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

describe("the specification", () => {
  const readme = readFileSync(join(ROOT, "protocol/README.md"), "utf8");

  it("has the tables that the generator writes", () => {
    expect(withTables(readme) === readme, REMEDY).toBe(true);
    expect(readme.match(/<!-- table: \w+ -->/g)).toHaveLength(4);
  });

  it("says of every error code whether it is tried again", () => {
    const [section = ""] = readme.split("\n## Errors\n")[1]?.split("\n## ") ?? [];
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.flatMap((row) =>
      Array.from(row.split("|")[1]?.matchAll(/`([A-Z_]+)`/g) ?? [], ([, code]) => code),
    );
    expect(named.sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});
