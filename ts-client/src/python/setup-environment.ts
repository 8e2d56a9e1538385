import { join } from "node:path";
import { buildEnvironment } from "./build-environment.ts";
import { completeness } from "./complete-environment.ts";
import { requireDiskSpace } from "./disk-space.ts";
import { fromMarker, type PythonEnvironment } from "./environment.ts";
import { environmentFolder } from "./environment-folder.ts";
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
  onProgress({ stage: "search", message: "Looking for Python" });
  const own = await ownEnvironment(options, dev ? requirements.dev : requirements.runtime);
  if (own !== undefined) return { ...own, changed: false };
  const { interpreter, problem } = await findInterpreter(options.python, signal);
  if (problem !== undefined) throw environmentFailed(problem);

  const contents = {
    requirements: requirementsHash(requirements.runtime),
    dev: dev ? requirementsHash(requirements.dev) : null,
  };
  const directory = environmentFolder({ requirements: contents.requirements, interpreter, torch, cacheDir });
  const before = await completeness(directory, contents, signal);
  if (before.state === "complete") return chosen(before.marker);

  const onWait = (waitedMs: number) => onProgress(waiting(directory, waitedMs));
  return withLock(directory, { onWait, staleMs: staleLockMs, signal }, async (heldSignal) => {
    const now = await completeness(directory, contents, heldSignal);
    if (now.state === "complete") return chosen(now.marker);
    if (now.state === "incomplete") await removeMarker(directory);
    await requireDiskSpace(directory, torch);
    const site = { directory, log: join(directory, "setup.log"), onProgress, signal: heldSignal };
    const built = await buildEnvironment({ interpreter, requirements, torch, dev }, site);
    onProgress({ stage: "done", message: `Python ${formatVersion(interpreter.version)} is ready` });
    return { ...fromMarker(built), changed: true };
  });
}

/** A named Python that has everything already. One that was asked for another build of torch does not. */
async function ownEnvironment(
  { python, torch = "auto", signal }: SetupEnvironmentOptions,
  requirements: string,
): Promise<PythonEnvironment | undefined> {
  const named = namedPython(python);
  if (named === undefined || torch !== "auto") return undefined;
  const own = await checkOwnEnvironment(named.command, requirements, signal);
  return own.ok ? own.environment : undefined;
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
