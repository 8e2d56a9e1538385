import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How a lock is waited for and kept. */
export interface LockOptions {
  /** Called while another process holds the lock, with the time waited so far. */
  readonly onWait?: (waitedMs: number) => void;
  /** A lock that its holder has not renewed for so long is taken over. @default 15000 @unit milliseconds */
  readonly staleMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_STALE_MS = 15_000;
const POLL_MS = 500;

/**
 * Runs `task` while holding the lock of a folder (`<folder>.lock`), one process at a time. The task's signal fires
 * when the caller's does, or when the lock was lost because this process stood still for too long.
 */
export async function withLock<T>(
  folder: string,
  options: LockOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(folder, options, (error) => lost.abort(error));
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([options.signal, lost.signal]);
  try {
    return await task(signal);
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(
  folder: string,
  { onWait, staleMs = DEFAULT_STALE_MS, signal }: LockOptions,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  // Loaded here since it hooks into the process's signals, which finding an environment has no need of.
  const { default: lockfile } = await import("proper-lockfile");
  await mkdir(dirname(folder), { recursive: true });
  const start = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(folder, {
        realpath: false,
        stale: staleMs,
        update: staleMs / 3,
        onCompromised,
      });
    } catch (error) {
      if (!isHeld(error)) throw error;
      onWait?.(Date.now() - start);
      await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ELOCKED";
}
