// Brings a fresh checkout to where it can run: Node packages, dist, the Python environment. Needs nothing installed
// but Node, npm and Python; does nothing where there is nothing to do; asks nothing.
//
//   node scripts/bootstrap.mjs         what the demo needs
//   node scripts/bootstrap.mjs --dev   … and what the tests need
import { ensureDist } from "./lib/dist.mjs";
import { ensureNodeModules } from "./lib/node-modules.mjs";

await ensureNodeModules();
await ensureDist();
// Only now is there anything to import.
const { ensurePython } = await import("./lib/python.mjs");
await ensurePython({ dev: process.argv.includes("--dev") });
