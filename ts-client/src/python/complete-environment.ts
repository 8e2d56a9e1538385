import { environmentPython } from "./locations.ts";
import { type Marker, readMarker } from "./marker.ts";
import { inspectPackages } from "./packages.ts";

/** The requirements an environment is to hold: their hashes. */
export interface Contents {
  readonly requirements: string;
  /** Null when no development packages are asked for. */
  readonly dev: string | null;
}

/** How far an environment is from holding what is asked for. */
export type Completeness =
  | { readonly state: "complete"; readonly marker: Marker }
  /** Workers can run in it; only development packages are missing. */
  | { readonly state: "runtime" }
  | { readonly state: "incomplete" };

/** Looks at an environment's marker and at every file of its packages. */
export async function completeness(
  directory: string,
  contents: Contents,
  signal: AbortSignal | undefined,
): Promise<Completeness> {
  const marker = readMarker(directory);
  if (marker?.requirements !== contents.requirements) return { state: "incomplete" };
  const report = await inspectPackages(environmentPython(directory), { files: "check", signal });
  if (!report.ok || report.value.damaged.length > 0) return { state: "incomplete" };
  const hasDev = contents.dev === null || marker.dev === contents.dev;
  return hasDev ? { state: "complete", marker } : { state: "runtime" };
}
