// Keeps node_modules as package-lock.json says.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";
import { run } from "./run.mjs";

/** Runs `npm ci` unless what is installed is what the lock file says. */
export async function ensureNodeModules() {
  if (isInstalled()) return;
  process.stderr.write("Installing Node packages (npm ci)\n");
  // The npm that runs us, where there is one; its path is a script of Node's.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
  const code = npm?.endsWith(".js")
    ? await run("npm ci", process.execPath, [npm, ...args])
    : await run("npm ci", "npm", args);
  if (code !== 0) process.exit(code);
}

/** Compares npm's own record of what it installed with the lock file, package by package. */
function isInstalled() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = readPackages(record);
  const locked = Object.entries(readPackages(join(root, "package-lock.json"))).filter(
    ([path]) => path !== "",
  );
  return locked.every(([path, { version, optional }]) => {
    const found = installed[path];
    return found === undefined ? optional === true : found.version === version;
  });
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}
