import { join } from "node:path";
import { buildEnvironment } from "./build-environment.ts";
import { type Contents, completeness } from "./complete-environment.ts";
import { fromMarker, type PythonEnvironment } from "./environment.ts";
import { completeEnvironments, environmentFolder } from "./environment-folder.ts";
import { findInterpreter } from "./find-interpreter.ts";
import { formatVersion } from "./interpreter.ts";
import { environmentsDirectory, namedPython } from "./locations.ts";
import { withLock } from "./lock.ts";
import { type Marker, removeMarker, touchMarker } from "./marker.ts";
import { checkOwnEnvironment } from "./own-environment.ts";
import { environmentFailed } from "./problems.ts";
import type { SetupProgress, SetupProgressListener } from "./progress.ts";
import { bundledRequirements, type RequirementFiles, requirementsHash } from "./requirements.ts";
import { setupFailure } from "./setup-failure.ts";
import { type TorchChoice, torchIndex } from "./torch-choice.ts";

/** How to set up the Python environment. */
export interface SetupEnvironmentOptions {
  /**
   * The Python to build with, a path or a name: 3.10 or newer, with `venv`. One that already has every package at
   * its pinned version is taken as it is.
   * @default `INSTRUCTBLIP_WORKERS_PYTHON`, else the first of python3.13 … python3.10, python3, python that will do
   */
  readonly python?: string;
  /** The build of PyTorch; `"auto"` leaves the choice to your pip settings. @default "auto" */
  readonly torch?: TorchChoice;
  /** Also install what the project's own tests need; in a checkout only. @default false */
  readonly dev?: boolean;
  /** @default `INSTRUCTBLIP_WORKERS_CACHE_DIR`, else the user's cache folder */
  readonly cacheDir?: string;
  readonly onProgress?: SetupProgressListener;
  /** Stops the set-up; a later one goes on from there. */
  readonly signal?: AbortSignal;
  /** @default the files of this package */
  readonly requirements?: RequirementFiles;
  /** When the lock of a set-up that was killed may be taken over. @default 15000 @unit milliseconds */
  readonly staleLockMs?: number;
}

/** The environment, and whether there was anything to do. */
export interface SetupResult extends PythonEnvironment {
  /** False when it was complete already. */
  readonly changed: boolean;
}

/**
 * Builds the Python environment that workers run in, in the user's cache folder; at once when it is complete
 * already. It may be stopped or killed at any point and started again, and two at once take turns.
 *
 * @throws InstructBlipError `ENVIRONMENT_FAILED` with what is wrong and how to mend it; `CANCELLED`;
 *   `INVALID_ARGUMENT` for an unknown `torch`
 */
export async function setupEnvironment(options: SetupEnvironmentOptions = {}): Promise<SetupResult> {
  torchIndex(options.torch ?? "auto");
  try {
    options.signal?.throwIfAborted();
    return await setup(options);
  } catch (error) {
    throw setupFailure(error, environmentsDirectory(options.cacheDir), options.signal);
  }
}

async function setup(options: SetupEnvironmentOptions): Promise<SetupResult> {
  const { torch = "auto", dev = false, cacheDir, signal, staleLockMs } = options;
  const { onProgress = () => {}, requirements = bundledRequirements() } = options;
  const contents = {
    requirements: requirementsHash(requirements.runtime),
    dev: dev ? requirementsHash(requirements.dev) : null,
  };
  onProgress({ stage: "search", message: "Looking for Python and what is set up already" });
  const existing = await existingEnvironment(options, contents);
  if (existing !== undefined) return existing;
  const { interpreter, problem } = await findInterpreter(options.python, signal);
  if (problem !== undefined) throw environmentFailed(problem);

  const directory = environmentFolder({ requirements: contents.requirements, interpreter, torch, cacheDir });
  const onWait = (waitedMs: number) => onProgress(waiting(directory, waitedMs));
  return withLock(directory, { onWait, staleMs: staleLockMs, signal }, async (heldSignal) => {
    const now = await completeness(directory, contents, heldSignal);
    if (now.state === "complete") return chosen(now.marker);
    if (now.state === "incomplete") await removeMarker(directory);
    const site = { directory, log: join(directory, "setup.log"), onProgress, signal: heldSignal };
    const built = await buildEnvironment({ interpreter, requirements, torch, dev }, site);
    onProgress({ stage: "done", message: `Python ${formatVersion(interpreter.version)} is ready` });
    return { ...fromMarker(built), changed: true };
  });
}

/** What needs no building: a named Python that has everything, or a complete environment. */
async function existingEnvironment(
  {
    python,
    torch = "auto",
    dev,
    cacheDir,
    signal,
    requirements = bundledRequirements(),
  }: SetupEnvironmentOptions,
  contents: Contents,
): Promise<SetupResult | undefined> {
  const built = completeEnvironments(contents.requirements, cacheDir).filter(
    (marker) => marker.torch === torch,
  );
  const named = namedPython(python);
  if (named === undefined) return firstComplete(built, contents, signal);
  const file = dev === true ? requirements.dev : requirements.runtime;
  const own = await checkOwnEnvironment(named.command, file, signal);
  // A Python that has everything, torch included, comes with a build of torch of its own.
  if (own.ok) return torch === "auto" ? { ...own.environment, changed: false } : undefined;
  return firstComplete(
    built.filter((marker) => marker.base === own.program),
    contents,
    signal,
  );
}

async function firstComplete(
  [marker]: readonly Marker[],
  contents: Contents,
  signal: AbortSignal | undefined,
): Promise<SetupResult | undefined> {
  if (marker === undefined) return undefined;
  const { state } = await completeness(marker.directory, contents, signal);
  return state === "complete" ? chosen(marker) : undefined;
}

function waiting(directory: string, waitedMs: number): SetupProgress {
  const seconds = Math.round(waitedMs / 1000);
  return {
    stage: "wait",
    message: `Waiting for another process that is building ${directory} (${seconds} s)`,
  };
}

async function chosen(marker: Marker): Promise<SetupResult> {
  await touchMarker(marker.directory);
  return { ...fromMarker(marker), changed: false };
}
