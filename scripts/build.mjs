// Compiles `ts-client/src` into `dist`, without leftovers of sources that are gone; with `--if-stale` only when a
// source has changed since.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureDist } from "./lib/dist.mjs";
import { root } from "./lib/root.mjs";

if (process.argv.includes("--if-stale")) {
  await ensureDist();
  process.exit();
}

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

const dist = join(root, "dist");
for (const file of readdirSync(dist, { recursive: true })) {
  const source = join(root, "ts-client", "src", file.replace(/(\.d)?\.[jt]s$/, ".ts"));
  if (/\.[jt]s$/.test(file) && !existsSync(source)) rmSync(join(dist, file));
}
chmodSync(join(dist, "cli", "main.js"), 0o755);
