import { randomBytes } from "node:crypto";
import { lstat, mkdir, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { InstructBlipError } from "../../errors/index.ts";

/** Bytes of a socket path: 108 on Linux and 104 on macOS, the closing NUL counted. */
const LONGEST_SOCKET_PATH = process.platform === "darwin" ? 103 : 107;
/** Longest file name that is put into such a folder. */
const LONGEST_NAME = 12;

/**
 * The folder for this user's sockets and runtime files: `$XDG_RUNTIME_DIR/instructblip-workers`, or one in the
 * temporary folder where that is not set. Mode 0700, as whoever can reach a socket can talk to it.
 *
 * @throws PERMISSION_DENIED when the folder belongs to somebody else or is open to others
 */
export async function userRuntimeFolder(): Promise<string> {
  const base = process.env.XDG_RUNTIME_DIR;
  const uid = process.getuid?.() ?? userInfo().username;
  const folder =
    base !== undefined && base !== ""
      ? path.join(base, "instructblip-workers")
      : path.join(tmpdir(), `instructblip-workers-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await assertPrivate(folder);
  return folder;
}

/** A new folder for the sockets of one pool, made for it alone; short enough for a socket path. */
export async function createSocketFolder(): Promise<string> {
  const name = `ibw-${randomBytes(6).toString("hex")}`;
  const preferred = path.join(await userRuntimeFolder(), name);
  const fits = Buffer.byteLength(preferred) + 1 + LONGEST_NAME <= LONGEST_SOCKET_PATH;
  const folder = fits ? preferred : path.join("/tmp", name);
  await mkdir(folder, { mode: 0o700 });
  await assertPrivate(folder);
  return folder;
}

export async function removeSocketFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** The endpoint of a socket file. */
export function ipcEndpoint(folder: string, name: string): string {
  const file = path.join(folder, name);
  if (Buffer.byteLength(file) > LONGEST_SOCKET_PATH) {
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      `The socket path ${file} is longer than the ${LONGEST_SOCKET_PATH} bytes the system allows. ` +
        "Set XDG_RUNTIME_DIR to a shorter folder.",
    );
  }
  return `ipc://${file}`;
}

/** @throws PERMISSION_DENIED unless the folder is this user's alone */
export async function assertPrivate(folder: string): Promise<void> {
  const stats = await lstat(folder);
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
