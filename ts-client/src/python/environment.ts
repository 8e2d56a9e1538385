import { environmentPython } from "./locations.ts";
import type { Marker } from "./marker.ts";
import type { PackageReport } from "./packages.ts";

/** A Python that workers can run on. */
export interface PythonEnvironment {
  /** The interpreter's absolute path. */
  readonly python: string;
  /** The environment's folder: `sys.prefix` of that interpreter. */
  readonly dir: string;
  /** Version of `python` and of every installed package, e.g. `{ python: "3.11.7", torch: "2.13.0+cpu" }`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whether this package built it, rather than the user. */
  readonly managed: boolean;
}

/** The environment that a marker stands for. */
export function fromMarker(marker: Marker): PythonEnvironment {
  return {
    python: environmentPython(marker.directory),
    dir: marker.directory,
    versions: { ...marker.packages, python: marker.pythonVersion },
    managed: true,
  };
}

/** The environment of a Python that the user brought along. */
export function fromReport(python: string, report: PackageReport): PythonEnvironment {
  return {
    python,
    dir: report.prefix,
    versions: { ...report.installed, python: report.python },
    managed: false,
  };
}
