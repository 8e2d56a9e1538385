import { fromReport, type PythonEnvironment } from "./environment.ts";
import { formatVersion, isSupported, probeInterpreter } from "./interpreter.ts";
import { comparePins, inspectPackages, mismatches } from "./packages.ts";
import { pinsFor } from "./requirements.ts";

/** Whether a Python that the user named can run workers as it is. */
export type OwnEnvironment =
  | { readonly ok: true; readonly environment: PythonEnvironment }
  /** `program` is undefined when what was named is no usable Python at all. */
  | { readonly ok: false; readonly program: string | undefined; readonly reason: string };

/** Checks a Python against the pins of a requirements file; its own packages count, wherever they came from. */
export async function checkOwnEnvironment(
  python: string,
  requirements: string,
  signal?: AbortSignal,
): Promise<OwnEnvironment> {
  const probe = await probeInterpreter(python, signal);
  if (!probe.ok) return { ok: false, program: undefined, reason: probe.reason };
  const { executable, program, version } = probe.value;
  if (!isSupported(version)) {
    return { ok: false, program, reason: `it is Python ${formatVersion(version)}, older than 3.10` };
  }
  const report = await inspectPackages(executable, { signal });
  if (!report.ok) return { ok: false, program, reason: report.reason };
  const wrong = mismatches(comparePins(pinsFor(requirements, version), report.value.installed));
  return wrong.length === 0
    ? { ok: true, environment: fromReport(executable, report.value) }
    : { ok: false, program, reason: `it lacks ${wrong.join(", ")}` };
}
