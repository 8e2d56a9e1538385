import { schemaFiles } from "./schema-files.ts";
import { writeFiles } from "./write-files.ts";

await writeFiles(schemaFiles());
