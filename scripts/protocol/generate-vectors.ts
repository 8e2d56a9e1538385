import { vectorFiles } from "./vectors/vector-files.ts";
import { writeFiles } from "./write-files.ts";

await writeFiles(vectorFiles());
