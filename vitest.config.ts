import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Projects whose files start workers or install packages: one at a time, and with time for it. */
const HEAVY = new Set(["setup", "parity", "chaos", "e2e", "docs", "package"]);

/** One project per folder of `test/` that has tests, so that each can run on its own: `vitest --project unit`. */
const PROJECTS = readdirSync(join(import.meta.dirname, "test"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && hasTests(join(import.meta.dirname, "test", entry.name)))
  .map((entry) => entry.name);

export default defineConfig({
  test: {
    // Not threads: a terminated worker thread with a ZeroMQ socket takes the whole process down.
    pool: "forks",
    maxWorkers: 2,
    teardownTimeout: 20_000,
    projects: PROJECTS.map((name) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        fileParallelism: !HEAVY.has(name),
        testTimeout: HEAVY.has(name) ? 180_000 : 30_000,
        hookTimeout: HEAVY.has(name) ? 180_000 : 30_000,
      },
    })),
  },
});

function hasTests(folder: string): boolean {
  return readdirSync(folder, { recursive: true }).some((file) => String(file).endsWith(".test.ts"));
}
