import { formatVersion, type Interpreter, isSupported, probeInterpreter } from "./interpreter.ts";
import { namedPython, PYTHON_VARIABLE } from "./locations.ts";
import type { Problem } from "./problems.ts";
import type { Report } from "./run-report.ts";

/** Names tried on PATH, best first. A version that the pinned packages are tested with comes before the default. */
export const INTERPRETER_NAMES = [
  "python3.13",
  "python3.12",
  "python3.11",
  "python3.10",
  "python3",
  "python",
] as const;

/** A usable interpreter, or why there is none. */
export type InterpreterSearch =
  | { readonly interpreter: Interpreter; readonly problem?: undefined }
  | { readonly interpreter?: undefined; readonly problem: Problem };

interface Tried {
  readonly command: string;
  readonly report: Report<Interpreter>;
}

/**
 * Finds a Python that an environment can be built with: the named one, else the first on PATH that is new enough
 * and has `venv`. A name that does not run, as a version manager's shim for a version that is not active, is
 * passed over.
 *
 * @param python - a path or a name; in its absence `INSTRUCTBLIP_WORKERS_PYTHON` counts
 */
export async function findInterpreter(python?: string, signal?: AbortSignal): Promise<InterpreterSearch> {
  const named = namedPython(python);
  if (named !== undefined) {
    const report = await probeInterpreter(named.command, signal);
    return isUsable(report)
      ? { interpreter: report.value }
      : { problem: rejected({ command: named.command, report }, named.source) };
  }
  const tried: Tried[] = [];
  for (const command of INTERPRETER_NAMES) {
    const report = await probeInterpreter(command, signal);
    if (isUsable(report)) return { interpreter: report.value };
    tried.push({ command, report });
  }
  return { problem: noneUsable(tried) };
}

function isUsable(report: Report<Interpreter>): report is Report<Interpreter> & { ok: true } {
  return report.ok && isSupported(report.value.version) && report.value.venv;
}

/** The nearest miss tells the most: a Python without `venv` is one command from working. */
function noneUsable(tried: readonly Tried[]): Problem {
  const answered = tried.filter(({ report }) => report.ok);
  const nearest =
    answered.find(({ report }) => report.ok && isSupported(report.value.version)) ?? answered[0];
  if (nearest !== undefined) return rejected(nearest, "PATH");
  return {
    code: "PYTHON_NOT_FOUND",
    severity: "error",
    message: `No Python was found: none of ${tried.map(({ command }) => command).join(", ")} on PATH runs.`,
    remedy: `Install Python 3.10 or newer, or name one: ${PYTHON_VARIABLE}=/path/to/python3.`,
  };
}

function rejected({ command, report }: Tried, source: string): Problem {
  if (!report.ok) {
    return {
      code: "PYTHON_NOT_FOUND",
      severity: "error",
      message: `${command}, named by ${source}, cannot be used as a Python: ${report.reason}.`,
      remedy: `Name a Python 3.10 or newer, e.g. --python /usr/bin/python3, or unset ${PYTHON_VARIABLE}.`,
    };
  }
  const { executable, version } = report.value;
  if (!isSupported(version)) {
    return {
      code: "PYTHON_TOO_OLD",
      severity: "error",
      message: `${executable} (${command} from ${source}) is Python ${formatVersion(version)}, but 3.10 or newer is needed.`,
      remedy: "Install a newer Python next to it and name it: --python /path/to/python3.",
    };
  }
  const [major, minor] = version;
  return {
    code: "PYTHON_NO_VENV",
    severity: "error",
    message: `${executable} is Python ${formatVersion(version)} but cannot build environments: its \`venv\` or \`ensurepip\` module is missing.`,
    remedy: `On Debian and Ubuntu: sudo apt install python${major}.${minor}-venv. Or name another Python with --python.`,
  };
}
