import { lstat, rm } from "node:fs/promises";
import path from "node:path";
import { lock } from "proper-lockfile";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { isListening } from "../pool/transport/is-listening.ts";
import {
  assertPrivate,
  assertSocketPath,
  createSocketFolder,
  ipcEndpoint,
  removeSocketFolder,
} from "../pool/transport/runtime-folder.ts";
import { LOCKING } from "./locking.ts";

const SCHEME = "ipc://";

/** Where a daemon is to listen. */
export interface ClaimedEndpoint {
  readonly endpoint: string;
  /** Runs what binds it, while nobody else can. @throws ADDRESS_IN_USE when another process listens there */
  readonly bind: <T>(open: () => Promise<T>) => Promise<T>;
  /** Removes what the endpoint needed; nothing of anybody else's. */
  readonly release: () => Promise<void>;
}

/** A new socket in a folder of its own, or the endpoint that was asked for. */
export async function claimEndpoint(wanted: string | undefined): Promise<ClaimedEndpoint> {
  if (wanted !== undefined) return givenEndpoint(wanted);
  const folder = await createSocketFolder();
  return {
    endpoint: ipcEndpoint(folder, "front"),
    bind: (open) => open(),
    release: () => removeSocketFolder(folder),
  };
}

/** Binding takes a socket file from its owner without a word, so the file must not have one. */
async function givenEndpoint(endpoint: string): Promise<ClaimedEndpoint> {
  const file = endpoint.slice(SCHEME.length);
  if (!endpoint.startsWith(SCHEME) || !path.isAbsolute(file)) {
    throw invalidArgument(
      "endpoint",
      "an ipc:// path such as ipc:///run/user/1000/instructblip/front",
      endpoint,
    );
  }
  assertSocketPath(file);
  await assertPrivate(path.dirname(file));
  let bound = false;
  return {
    endpoint,
    bind: async (open) => {
      const unlock = await lock(path.dirname(file), { lockfilePath: `${file}.lock`, ...LOCKING });
      try {
        await assertFree(file);
        const opened = await open();
        bound = true;
        return opened;
      } finally {
        await unlock();
      }
    },
    release: async () => {
      if (bound) await rm(file, { force: true });
    },
  };
}

async function assertFree(file: string): Promise<void> {
  const stats = await lstat(file).catch(() => undefined);
  if (stats === undefined) return;
  const problem = !stats.isSocket()
    ? "is a file, which listening there would delete"
    : (await isListening(file))
      ? "belongs to another process, which listens there"
      : undefined;
  if (problem === undefined) return;
  throw new InstructBlipError("ADDRESS_IN_USE", `${file} ${problem}. Choose another \`endpoint\`.`, {
    path: "endpoint",
  });
}
