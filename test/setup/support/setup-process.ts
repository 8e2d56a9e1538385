// Sets up an environment in a process of its own and prints its progress, one JSON document a line.
import { setupEnvironment } from "../../../ts-client/src/python/index.ts";

const options = JSON.parse(process.argv[2] ?? "{}");
const print = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
const { changed, python } = await setupEnvironment({ ...options, onProgress: print });
print({ changed, python });
