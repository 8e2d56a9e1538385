// Keeps `dist` as its sources say.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./root.mjs";
import { run } from "./run.mjs";

const RECORD = join(root, "node_modules", ".cache", "instructblip-workers", "dist-sources");
const SETTINGS = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "scripts/build.mjs"];

/** Builds `dist` unless it was built from the sources that are there now. */
export async function ensureDist() {
  const sources = hashSources();
  const isCurrent =
    existsSync(join(root, "dist", "index.js")) &&
    existsSync(RECORD) &&
    readFileSync(RECORD, "utf8") === sources;
  if (isCurrent) return;
  process.stderr.write("Building dist (tsc)\n");
  const code = await run("tsc", process.execPath, [join(root, "scripts", "build.mjs")]);
  if (code !== 0) process.exit(code);
  mkdirSync(dirname(RECORD), { recursive: true });
  writeFileSync(RECORD, sources);
}

function hashSources() {
  const folder = join(root, "ts-client", "src");
  const files = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => join("ts-client", "src", file));
  const hash = createHash("sha256");
  for (const file of [...SETTINGS, ...files]) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}
