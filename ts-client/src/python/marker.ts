import { readFileSync, realpathSync } from "node:fs";
import { rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { environmentPython } from "./locations.ts";

const MARKER_FILE = "instructblip-workers.json";

const MarkerSchema = z.object({
  format: z.literal(1),
  /** Where the environment was built; its scripts hold this path, so it cannot be moved. */
  directory: z.string(),
  /** The Python it was built from: `Interpreter.program`. */
  base: z.string(),
  /** The program behind `bin/python`, every link followed. */
  program: z.string(),
  pythonVersion: z.string(),
  torch: z.string(),
  /** Hash of the requirements it holds. */
  requirements: z.string(),
  /** Hash of the development requirements it holds too, if any. */
  dev: z.string().nullable(),
  packages: z.record(z.string(), z.string()),
});

/** What a complete environment says of itself. The file is written last: without it an environment is unfinished. */
export type Marker = z.infer<typeof MarkerSchema>;

/**
 * The marker of a complete environment that still is where and what it was: not moved, its interpreter not gone or
 * replaced. Undefined otherwise.
 */
export function readMarker(directory: string): Marker | undefined {
  try {
    const marker = MarkerSchema.parse(JSON.parse(readFileSync(join(directory, MARKER_FILE), "utf8")));
    const isIntact = marker.directory === directory && programOf(directory) === marker.program;
    return isIntact ? marker : undefined;
  } catch {
    return undefined;
  }
}

/** The program behind an environment's interpreter; throws when a link on the way is broken. */
export function programOf(directory: string): string {
  return realpathSync(environmentPython(directory));
}

/** Writes the marker in one step: a reader sees the whole of it or nothing. */
export async function writeMarker(marker: Marker): Promise<void> {
  const path = join(marker.directory, MARKER_FILE);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(marker, undefined, 2)}\n`);
  await rename(temporary, path);
}

/** Declares an environment unfinished. */
export async function removeMarker(directory: string): Promise<void> {
  await rm(join(directory, MARKER_FILE), { force: true });
}

/** Makes an environment the one that was chosen last: the marker's time says so. */
export async function touchMarker(directory: string): Promise<void> {
  const now = new Date();
  await utimes(join(directory, MARKER_FILE), now, now);
}

export { MARKER_FILE };
