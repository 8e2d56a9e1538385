import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Interpreter } from "./interpreter.ts";
import { environmentsDirectory } from "./locations.ts";
import { MARKER_FILE, type Marker, readMarker } from "./marker.ts";
import { type TorchChoice, torchSlug } from "./torch-choice.ts";

const HASH_LENGTH = 12;

/** What an environment's folder is keyed by. */
export interface EnvironmentKey {
  /** See `requirementsHash`. */
  readonly requirements: string;
  /** The Python it is built from. */
  readonly interpreter: Interpreter;
  readonly torch: TorchChoice;
  readonly cacheDir?: string | undefined;
}

/** E.g. `~/.cache/instructblip-workers/environments/py3.11-cpu-3f2a9c01b7de`. */
export function environmentFolder({ requirements, interpreter, torch, cacheDir }: EnvironmentKey): string {
  const { program, version } = interpreter;
  const hash = createHash("sha256").update([requirements, program, version.join("."), torch].join("\0"));
  const [major, minor] = version;
  const name = `py${major}.${minor}-${torchSlug(torch)}-${hash.digest("hex").slice(0, HASH_LENGTH)}`;
  return join(environmentsDirectory(cacheDir), name);
}

/** The complete environments that hold these requirements, the one chosen last first. */
export function completeEnvironments(requirements: string, cacheDir?: string): Marker[] {
  const parent = environmentsDirectory(cacheDir);
  return foldersIn(parent)
    .flatMap((name) => readMarker(join(parent, name)) ?? [])
    .filter((marker) => marker.requirements === requirements)
    .map((marker) => ({ marker, chosenAt: statSync(join(marker.directory, MARKER_FILE)).mtimeMs }))
    .sort((a, b) => b.chosenAt - a.chosenAt)
    .map(({ marker }) => marker);
}

/** The folders that hold no complete environment: unfinished, moved or broken ones. */
export function incompleteEnvironments(cacheDir?: string): string[] {
  const parent = environmentsDirectory(cacheDir);
  return foldersIn(parent)
    .filter((name) => !name.endsWith(".lock"))
    .map((name) => join(parent, name))
    .filter((folder) => readMarker(folder) === undefined);
}

function foldersIn(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
