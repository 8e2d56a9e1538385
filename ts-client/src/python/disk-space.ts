import { statfs } from "node:fs/promises";
import { nearestExisting } from "./locations.ts";
import { diskProblem } from "./pip-failure.ts";
import { environmentFailed } from "./problems.ts";

/** Measured: a CPU environment takes 1.5 GB; torch's CUDA libraries bring one to 7 GB. */
const GIGABYTE = 1e9;
const NEEDED = { cpu: 2 * GIGABYTE, cuda: 8 * GIGABYTE } as const;

/**
 * Throws when the disk under `directory` has clearly too little room. What `auto` installs is pip's choice, so only
 * the smaller figure is asked of it; a disk that fills up later has the same message.
 */
export async function requireDiskSpace(directory: string, torch: string): Promise<void> {
  const needed = torch.startsWith("cu") ? NEEDED.cuda : NEEDED.cpu;
  const free = await freeBytes(directory);
  if (free >= needed) return;
  throw environmentFailed(
    diskProblem(
      `${gigabytes(free)} are free for ${directory}, but an environment needs ${gigabytes(needed)}.`,
    ),
  );
}

/** Bytes that this user may still write at a path. */
async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(nearestExisting(path));
  return bavail * bsize;
}

function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
