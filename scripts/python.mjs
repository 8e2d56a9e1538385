// Runs the development environment's Python: node scripts/python.mjs -m pytest -k decode
import { ensureDist } from "./lib/dist.mjs";
import { ensureNodeModules } from "./lib/node-modules.mjs";
import { run } from "./lib/run.mjs";

await ensureNodeModules();
await ensureDist();
const { ensurePython } = await import("./lib/python.mjs");
const { python } = await ensurePython({ dev: true });
process.exitCode = await run("python", python, process.argv.slice(2), {
  stdio: "inherit",
  cwd: process.cwd(),
});
