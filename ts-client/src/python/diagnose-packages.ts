import type { PythonEnvironment } from "./environment.ts";
import { type FindEnvironmentOptions, setupCommand } from "./find-environment.ts";
import { comparePins, inspectPackages, mismatches, type PackageState } from "./packages.ts";
import type { Problem } from "./problems.ts";
import { bundledRequirements, type PythonVersion, pinsFor } from "./requirements.ts";

/** The pinned packages against those that are there now, whatever the environment's marker says. */
export async function diagnosePackages(
  environment: PythonEnvironment | undefined,
  python: PythonVersion,
  options: FindEnvironmentOptions,
): Promise<{ states: Record<string, PackageState>; problems: Problem[] }> {
  const { runtime } = options.requirements ?? bundledRequirements();
  const pins = pinsFor(runtime, python);
  if (environment === undefined) return { states: comparePins(pins, {}), problems: [] };
  const report = await inspectPackages(environment.python, {
    files: "check",
    tryImports: pins.keys(),
    signal: options.signal,
  });
  const remedy = environment.managed ? setupCommand(options) : ownRemedy(environment.python, runtime);
  if (!report.ok) {
    const message = `${environment.python} cannot list its packages: ${report.reason}.`;
    return {
      states: comparePins(pins, {}),
      problems: [{ code: "ENVIRONMENT_BROKEN", severity: "error", message, remedy }],
    };
  }
  const { installed, broken, damaged } = report.value;
  const states = comparePins(pins, installed);
  const problems: Problem[] = [];
  const wrong = mismatches(states);
  if (wrong.length > 0) {
    const message = `Packages of ${environment.dir} differ from the pinned ones: ${wrong.join(", ")}.`;
    problems.push({ code: "PACKAGE_MISMATCH", severity: "error", message, remedy });
  }
  for (const [name, reason] of Object.entries(broken)) {
    const message = `The Python package ${name} cannot be imported: ${reason}.`;
    problems.push({ code: "PACKAGE_BROKEN", severity: "error", message, remedy });
  }
  if (environment.managed && damaged.length > 0) {
    const message = `Files of ${damaged.join(", ")} are missing or cut short in ${environment.dir}.`;
    problems.push({ code: "PACKAGE_BROKEN", severity: "error", message, remedy });
  }
  return { states, problems };
}

function ownRemedy(python: string, requirements: string): string {
  return `${python} -m pip install -r ${requirements}`;
}
