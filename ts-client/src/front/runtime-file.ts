import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { lock } from "proper-lockfile";
import { z } from "zod";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { userRuntimeFolder } from "../pool/transport/runtime-folder.ts";
import { LOCKING } from "./locking.ts";

/** The name of the daemon that is meant when none is named. */
export const DEFAULT_NAME = "default";
const NAME = /^[\w-]{1,32}$/;

const schema = z.object({
  name: z.string(),
  endpoint: z.string(),
  /** What clients show to be let in: 64 hexadecimal digits. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  pid: z.int(),
  /** Tells a process from a later one with the same id, where the system says. */
  processStart: z.string(),
  startedAt: z.string(),
});

/** How to reach a running daemon. */
export type RuntimeFile = z.infer<typeof schema>;

/**
 * Announces a daemon under its name, so that clients of the same user find it.
 *
 * @throws ADDRESS_IN_USE when a live daemon has the name
 */
export async function announce(name: string, endpoint: string): Promise<RuntimeFile> {
  const file = await runtimePath(name);
  const release = await lock(path.dirname(file), { lockfilePath: `${file}.lock`, ...LOCKING });
  try {
    await assertNameFree(name);
    const entry: RuntimeFile = {
      name,
      endpoint,
      key: randomBytes(32).toString("hex"),
      pid: process.pid,
      processStart: processStart(process.pid) ?? "",
      startedAt: new Date().toISOString(),
    };
    const draft = `${file}.${process.pid}`;
    const handle = await open(draft, "w", 0o600);
    await handle.writeFile(JSON.stringify(entry));
    await handle.close();
    await rename(draft, file);
    return entry;
  } finally {
    await release();
  }
}

/** @throws ADDRESS_IN_USE when a live daemon has the name */
export async function assertNameFree(name: string): Promise<void> {
  const other = await readRuntimeFile(name);
  if (other === undefined) return;
  throw new InstructBlipError(
    "ADDRESS_IN_USE",
    `A daemon called "${name}" is already running (process ${other.pid}). ` +
      "Stop it with `npx instructblip-workers stop`, or give this one another --name.",
  );
}

/** Takes an announcement back, if it is still there. */
export async function withdraw({ name, key }: RuntimeFile): Promise<void> {
  const entry = await readRuntimeFile(name);
  if (entry?.key === key) await rm(await runtimePath(name), { force: true });
}

/**
 * The live daemon with that name; what a dead one left behind counts for nothing.
 *
 * @throws INVALID_ARGUMENT for a name that no daemon can have; PERMISSION_DENIED when the folder is not private
 */
export async function readRuntimeFile(name: string): Promise<RuntimeFile | undefined> {
  const text = await readFile(await runtimePath(name), "utf8").catch(() => "");
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success && isAlive(parsed.data) ? parsed.data : undefined;
}

/** The names of the daemons that have announced themselves, dead ones among them. */
export async function daemonNames(): Promise<string[]> {
  const files = await readdir(await runtimeFolder());
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .filter((name) => NAME.test(name));
}

async function runtimePath(name: string): Promise<string> {
  if (!NAME.test(name)) {
    throw invalidArgument("name", "1 to 32 letters, digits, dashes or underscores", name);
  }
  return path.join(await runtimeFolder(), `${name}.json`);
}

async function runtimeFolder(): Promise<string> {
  const folder = path.join(await userRuntimeFolder(), "daemons");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Whether the process that announced itself still runs; a zombie does not. */
export function isAlive({ pid, processStart: start }: RuntimeFile): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const now = processStart(pid);
  return now === undefined || start === "" || now === start;
}

/** When a process started, in the system's own count; undefined where `/proc` does not tell, or for a zombie. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; the fields after it are fixed.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return "dead";
    return fields[19];
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
