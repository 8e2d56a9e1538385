import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withTables } from "./readme.ts";
import { schemaFiles } from "./schema-files.ts";
import { writeFiles } from "./write-files.ts";

const README = "protocol/README.md";

const readme = await readFile(join(import.meta.dirname, "../..", README), "utf8");
await writeFiles(new Map([...schemaFiles(), [README, withTables(readme)]]));
