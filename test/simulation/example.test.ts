import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

it("the example of a simulated pool runs as it says", { timeout: 120_000 }, async () => {
  const run = promisify(execFile);
  const example = join(ROOT, "examples/simulated-pool.ts");
  const { stdout } = await run(process.execPath, ["--import", "tsx", example], { cwd: ROOT });
  const lines = stdout.trim().split("\n");
  expect(lines).toContain("worker-0.1 died");
  expect(lines.filter((line) => line.startsWith("tried again: WORKER_LOST")).length).toBeGreaterThan(0);
  expect(lines.filter((line) => /^(red|circle), after [12] of at most 3 tries$/.test(line))).toHaveLength(3);
  expect(lines.at(-1)).toMatch(/^[1-9] minutes on the pool's clock$/);
});
