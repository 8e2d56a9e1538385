import { InstructBlipError } from "../errors/index.ts";
import { fromMarker, type PythonEnvironment } from "./environment.ts";
import { completeEnvironments } from "./environment-folder.ts";
import { namedPython } from "./locations.ts";
import { checkOwnEnvironment } from "./own-environment.ts";
import { bundledRequirements, type RequirementFiles, requirementsHash } from "./requirements.ts";
import type { TorchChoice } from "./torch-choice.ts";

/** Where to look for an environment. */
export interface FindEnvironmentOptions {
  /**
   * A Python: either one that has every package at its pinned version, or the one an environment was built from.
   * @default `INSTRUCTBLIP_WORKERS_PYTHON`, else the environment that was set up last
   */
  readonly python?: string;
  /** Only an environment with this build of PyTorch. @default any */
  readonly torch?: TorchChoice;
  /** @default `INSTRUCTBLIP_WORKERS_CACHE_DIR`, else the user's cache folder */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal;
  /** @default the files of this package */
  readonly requirements?: RequirementFiles;
}

/**
 * The Python environment that workers run in. Takes a few file reads for one that `setup` built, and starts an
 * interpreter only where a Python was named.
 *
 * @throws InstructBlipError `ENVIRONMENT_MISSING` with the command that sets one up
 */
export async function findEnvironment(options: FindEnvironmentOptions = {}): Promise<PythonEnvironment> {
  const { torch, cacheDir, signal, requirements = bundledRequirements() } = options;
  const complete = completeEnvironments(requirementsHash(requirements.runtime), cacheDir).filter(
    (marker) => torch === undefined || marker.torch === torch,
  );
  const named = namedPython(options.python);
  if (named === undefined) {
    const [latest] = complete;
    if (latest !== undefined) return fromMarker(latest);
    throw missing("The Python environment is not set up.", options);
  }
  const own = await checkOwnEnvironment(named.command, requirements.runtime, signal);
  if (own.ok) return own.environment;
  const builtFromIt = complete.find((marker) => marker.base === own.program);
  if (builtFromIt !== undefined) return fromMarker(builtFromIt);
  throw missing(
    `${named.command}, named by ${named.source}, cannot run workers: ${own.reason}; and no environment was built from it.`,
    options,
  );
}

/** The command line that sets up what these options look for. */
export function setupCommand({ python, torch, cacheDir }: FindEnvironmentOptions): string {
  const flags = { torch, python, "cache-dir": cacheDir };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} ${quote(value)}`],
  );
  return ["npx instructblip-workers setup", ...given].join(" ");
}

function missing(message: string, options: FindEnvironmentOptions): InstructBlipError {
  return new InstructBlipError("ENVIRONMENT_MISSING", `${message} Run: ${setupCommand(options)}`);
}

function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
