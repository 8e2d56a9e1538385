import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { DEFAULT_NAME, daemonNames, readRuntimeFile } from "../front/index.ts";

/** Where a daemon is. */
export interface ConnectOptions {
  /** Its name, for daemons of this user. @default "default" */
  readonly name?: string;
  /** Its endpoint; needs `key`. */
  readonly endpoint?: string;
  /** What it wants to be shown: 64 hexadecimal digits. */
  readonly key?: string;
  /** How long to wait for its answer. @unit milliseconds @default 5000 */
  readonly timeoutMs?: number;
}

export interface DaemonAddress {
  readonly endpoint: string;
  readonly key: string;
}

const KEY = /^[0-9a-f]{64}$/;

/**
 * The address of a daemon.
 *
 * @throws INVALID_ARGUMENT naming the field; POOL_UNAVAILABLE when none with that name runs
 */
export async function findDaemon({ name, endpoint, key }: ConnectOptions): Promise<DaemonAddress> {
  if (key !== undefined) {
    if (!KEY.test(key)) throw invalidArgument("key", "64 hexadecimal digits in lower case", "a secret");
    if (endpoint !== undefined) return { endpoint, key };
    throw new InstructBlipError("INVALID_ARGUMENT", "A `key` needs the `endpoint` it is for.", {
      path: "key",
    });
  }
  const wanted = name ?? DEFAULT_NAME;
  const found = endpoint === undefined ? await readRuntimeFile(wanted) : await byEndpoint(endpoint);
  if (found !== undefined) return found;
  const which = endpoint === undefined ? `called "${wanted}"` : `at ${endpoint}`;
  throw new InstructBlipError(
    "POOL_UNAVAILABLE",
    `No daemon ${which} is running for this user. ` +
      `Start one with \`npx instructblip-workers start${wanted === DEFAULT_NAME ? "" : ` --name ${wanted}`}\`.`,
  );
}

async function byEndpoint(endpoint: string): Promise<DaemonAddress | undefined> {
  for (const name of await daemonNames()) {
    const entry = await readRuntimeFile(name);
    if (entry?.endpoint === endpoint) return entry;
  }
  return undefined;
}
