import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { InstructBlipError } from "../errors/index.ts";

/** The folder of this package, in a checkout and when installed: the nearest one above with a `package.json`. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new InstructBlipError(
        "INTERNAL",
        "The folder of instructblip-workers was not found. It cannot be bundled: mark it as external.",
      );
    }
    folder = parent;
  }
  return folder;
}

/** The absolute path of a file under `py-worker/`. */
export function workerFile(...path: readonly string[]): string {
  return join(packageRoot(), "py-worker", ...path);
}
