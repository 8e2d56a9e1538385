import { access, constants } from "node:fs/promises";
import { InstructBlipError } from "../errors/index.ts";
import { cpuDevice, type Device } from "./devices.ts";
import { diagnoseDevices } from "./diagnose-devices.ts";
import { checkNativeModules, checkNode } from "./diagnose-node.ts";
import { diagnosePackages } from "./diagnose-packages.ts";
import type { PythonEnvironment } from "./environment.ts";
import { incompleteEnvironments } from "./environment-folder.ts";
import { type FindEnvironmentOptions, findEnvironment, setupCommand } from "./find-environment.ts";
import { findInterpreter } from "./find-interpreter.ts";
import { formatVersion, MINIMUM_PYTHON, parseVersion } from "./interpreter.ts";
import { cacheDirectory, nearestExisting } from "./locations.ts";
import type { PackageState } from "./packages.ts";
import { deniedProblem } from "./pip-failure.ts";
import type { Problem } from "./problems.ts";
import type { PythonVersion } from "./requirements.ts";

export type DiagnoseOptions = Pick<FindEnvironmentOptions, "python" | "cacheDir" | "signal" | "requirements">;

/** What this machine has, what of it can be used, and what is wrong. */
export interface Diagnosis {
  /** Whether workers can run: there is no problem of severity `"error"`. */
  readonly ok: boolean;
  readonly node: { readonly version: string; readonly executable: string };
  /** The Python that workers would run on, or null when there is none. */
  readonly python: { readonly executable: string; readonly version: string } | null;
  /** Every pinned package, by name. */
  readonly packages: Readonly<Record<string, PackageState>>;
  readonly devices: readonly Device[];
  readonly problems: readonly Problem[];
}

/** Looks at everything workers need. Never throws for what it finds: that is in `problems`. */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const native = await checkNativeModules();
  const { environment, version, problems } = await searchEnvironment(options);
  const [packages, devices] = await Promise.all([
    diagnosePackages(environment, version, options),
    environment === undefined ? NO_DEVICES : diagnoseDevices(environment.python, options),
  ]);
  const all = [...checkNode(), ...native, ...problems, ...packages.problems, ...devices.problems];
  return {
    ok: all.every(({ severity }) => severity !== "error"),
    node: { version: process.versions.node, executable: process.execPath },
    python:
      environment === undefined ? null : { executable: environment.python, version: formatVersion(version) },
    packages: packages.states,
    devices: [cpuDevice(), ...devices.devices],
    problems: all,
  };
}

const NO_DEVICES = { devices: [], problems: [] };

interface EnvironmentSearch {
  readonly environment?: PythonEnvironment;
  /** Of the environment, or of the Python that one would be built with. */
  readonly version: PythonVersion;
  readonly problems: readonly Problem[];
}

/** The environment, or why there is none and whether one could be built. */
async function searchEnvironment(options: DiagnoseOptions): Promise<EnvironmentSearch> {
  try {
    const environment = await findEnvironment(options);
    return { environment, version: parseVersion(environment.versions.python ?? ""), problems: [] };
  } catch (error) {
    if (!InstructBlipError.isInstance(error)) throw error;
    const { interpreter, problem } = await findInterpreter(options.python, options.signal);
    const search = problem === undefined ? [] : [problem];
    return {
      version: interpreter?.version ?? MINIMUM_PYTHON,
      problems: [...search, ...(await checkCache(options.cacheDir)), missing(error, options)],
    };
  }
}

function missing(error: InstructBlipError, options: DiagnoseOptions): Problem {
  const [unfinished] = incompleteEnvironments(options.cacheDir);
  const remedy = setupCommand(options);
  const message = error.message.replace(/ Run: .*$/s, "");
  return unfinished === undefined
    ? { code: "ENVIRONMENT_MISSING", severity: "error", message, remedy }
    : {
        code: "ENVIRONMENT_BROKEN",
        severity: "error",
        message: `${message} ${unfinished} was left unfinished, moved, or lost its Python.`,
        remedy,
      };
}

async function checkCache(option: string | undefined): Promise<Problem[]> {
  const directory = cacheDirectory(option);
  try {
    await access(nearestExisting(directory), constants.W_OK);
    return [];
  } catch {
    return [deniedProblem(directory)];
  }
}
