import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { InstructBlipError } from "../../errors/index.ts";
import { isListening } from "./is-listening.ts";

/** Bytes of a socket path: 108 on Linux and 104 on macOS, the closing NUL counted. */
const LONGEST_SOCKET_PATH = process.platform === "darwin" ? 103 : 107;
/** Longest file name that is put into such a folder. */
const LONGEST_NAME = 12;
const SOCKET_FOLDER = /^ibw-[0-9a-f]{12}$/;
/** Age from which a folder without a listener counts as left behind. @unit milliseconds */
const ABANDONED_MS = 60_000;

/**
 * The folder for this user's sockets and runtime files: `$XDG_RUNTIME_DIR/instructblip-workers`, or one in the
 * temporary folder where that is not set or is not there, as in many containers. Mode 0700, as whoever can reach a
 * socket can talk to it.
 *
 * @throws PERMISSION_DENIED when the folder belongs to somebody else, is open to others or cannot be made
 */
export async function userRuntimeFolder(): Promise<string> {
  const base = process.env.XDG_RUNTIME_DIR ?? "";
  const uid = process.getuid?.() ?? userInfo().username;
  const folder = (await isFolder(base))
    ? path.join(base, "instructblip-workers")
    : path.join(tmpdir(), `instructblip-workers-${uid}`);
  await mkdir(folder, { mode: 0o700 }).catch(() => {
    // It is there already, or `assertPrivate` says what is wrong.
  });
  await assertPrivate(folder);
  return folder;
}

async function isFolder(file: string): Promise<boolean> {
  if (!path.isAbsolute(file)) return false;
  const stats = await stat(file).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

/** A new folder for the sockets of one pool, made for it alone; short enough for a socket path. */
export async function createSocketFolder(): Promise<string> {
  const name = `ibw-${randomBytes(6).toString("hex")}`;
  const parent = await userRuntimeFolder();
  await removeAbandoned(parent);
  const preferred = path.join(parent, name);
  const fits = Buffer.byteLength(preferred) + 1 + LONGEST_NAME <= LONGEST_SOCKET_PATH;
  const folder = fits ? preferred : path.join("/tmp", name);
  await mkdir(folder, { mode: 0o700 });
  await assertPrivate(folder);
  return folder;
}

/** Removes the socket folders of processes that were killed. Another one's new folder has no sockets yet. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!SOCKET_FOLDER.test(name)) continue;
    const folder = path.join(parent, name);
    const stats = await lstat(folder).catch(() => undefined);
    if (stats?.isDirectory() !== true || Date.now() - stats.mtimeMs < ABANDONED_MS) continue;
    const files = await readdir(folder).catch(() => []);
    const inUse = await Promise.all(files.map((file) => isListening(path.join(folder, file))));
    if (!inUse.includes(true)) await removeSocketFolder(folder);
  }
}

export async function removeSocketFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** The endpoint of a socket file. @throws INVALID_ARGUMENT when its path is too long for a socket */
export function ipcEndpoint(folder: string, name: string): string {
  const file = path.join(folder, name);
  assertSocketPath(file);
  return `ipc://${file}`;
}

/** @throws INVALID_ARGUMENT */
export function assertSocketPath(file: string): void {
  if (Buffer.byteLength(file) <= LONGEST_SOCKET_PATH) return;
  throw new InstructBlipError(
    "INVALID_ARGUMENT",
    `The socket path ${file} is longer than the ${LONGEST_SOCKET_PATH} bytes the system allows. ` +
      "Choose a shorter folder.",
    { path: "endpoint" },
  );
}

/** @throws PERMISSION_DENIED unless the folder is this user's alone */
export async function assertPrivate(folder: string): Promise<void> {
  const stats = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InstructBlipError(
      "PERMISSION_DENIED",
      `The runtime folder ${folder} cannot be used: ${error.message}.`,
      {
        cause: error,
      },
    );
  });
  const uid = process.getuid?.();
  const problem = !stats.isDirectory()
    ? "is not a folder"
    : uid !== undefined && stats.uid !== uid
      ? "belongs to another user"
      : process.platform !== "win32" && (stats.mode & 0o077) !== 0
        ? `is open to other users (mode ${(stats.mode & 0o777).toString(8)}; 700 is needed)`
        : undefined;
  if (problem === undefined) return;
  throw new InstructBlipError("PERMISSION_DENIED", `The runtime folder ${folder} ${problem}.`);
}
