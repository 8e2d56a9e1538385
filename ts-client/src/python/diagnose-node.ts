import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "./package-root.ts";
import type { Problem } from "./problems.ts";

const Manifest = z.object({ engines: z.object({ node: z.string() }) });

/** Packages with compiled parts, which fail on a platform they were not built for. */
const NATIVE_MODULES = {
  zeromq: () => import("zeromq"),
  sharp: () => import("sharp"),
} as const;

/** Whether this Node is as new as package.json asks. */
export function checkNode(version: string = process.versions.node): Problem[] {
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")));
  const needed = manifest.engines.node.replace(/^>=/, "");
  if (isAtLeast(version, needed)) return [];
  const message = `This is Node ${version}, but ${needed} or newer is needed.`;
  return [
    { code: "NODE_TOO_OLD", severity: "error", message, remedy: "Install a newer Node: https://nodejs.org" },
  ];
}

/** Whether the compiled packages load. */
export async function checkNativeModules(): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [name, load] of Object.entries(NATIVE_MODULES)) {
    try {
      await load();
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      const message = `The Node package ${name} does not load: ${reason}`;
      const remedy = "Install again without leaving out optional packages: npm install --include=optional";
      problems.push({ code: "NATIVE_MODULE", severity: "error", message, remedy });
    }
  }
  return problems;
}

function isAtLeast(version: string, needed: string): boolean {
  const have = version.split(".").map(Number);
  const want = needed.split(".").map(Number);
  for (const [index, part] of want.entries()) {
    const difference = (have[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
