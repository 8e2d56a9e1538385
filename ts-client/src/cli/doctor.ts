import type { Command } from "commander";
import { type Device, type Diagnosis, diagnose, type Problem } from "../python/index.ts";
import { satisfies } from "../python/requirements.ts";
import { EXIT } from "./exit-codes.ts";
import { answer, answerJson, formatBytes, paint } from "./output.ts";
import { startProgress } from "./progress.ts";
import { type CommonOptions, runCommand } from "./run-command.ts";

interface DoctorFlags extends CommonOptions {
  readonly python?: string;
  readonly cacheDir?: string;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers doctor
  $ instructblip-workers doctor --json | jq .problems
`;

/** `doctor`: says what this machine has and what keeps workers from running. */
export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("say what is there, what is wrong and what to do next")
    .description(
      "Looks at Node, Python, the installed packages and the devices. Exits with 1 when workers cannot run.",
    )
    .option("--python <path>", "the Python to look at")
    .option("--cache-dir <dir>", "where environments are")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action((flags: DoctorFlags) => runCommand(flags, ({ signal }) => doctor(flags, signal)));
}

async function doctor({ json, ...flags }: DoctorFlags, signal: AbortSignal): Promise<number> {
  const progress = startProgress();
  progress.update("Looking at Node, Python, packages and devices", "milestone");
  const diagnosis = await diagnose({ ...flags, signal }).finally(() => progress.stop());
  if (json === true) answerJson(diagnosis);
  else answer(describe(diagnosis));
  return diagnosis.ok ? EXIT.ok : EXIT.failure;
}

function describe({ ok, node, python, packages, devices, problems }: Diagnosis): string {
  const rows = [
    row(true, "Node", node.version),
    row(
      python !== null,
      "Python",
      python === null ? "no environment" : `${python.version}  ${python.executable}`,
    ),
    ...Object.entries(packages).map(([name, { installed, pinned }]) => {
      const isPinned = satisfies(installed, pinned);
      return row(
        isPinned,
        name,
        isPinned ? `${installed}` : `${installed ?? "not installed"}, needs ${pinned}`,
      );
    }),
    ...devices.map((device) =>
      row(true, device.type === "cpu" ? "CPU" : `CUDA ${device.index}`, size(device)),
    ),
  ];
  const verdict = ok
    ? paint(process.stdout, "green", "Workers can run.")
    : paint(process.stdout, "red", "Workers cannot run yet.");
  return [...rows, "", ...problems.map(describeProblem), verdict].join("\n");
}

function row(isGood: boolean, label: string, value: string): string {
  const mark = isGood ? paint(process.stdout, "green", "✔") : paint(process.stdout, "red", "✘");
  return `${mark} ${label.padEnd(16)} ${value}`;
}

function size(device: Device): string {
  const memory = `${formatBytes(device.freeMemoryBytes)} free of ${formatBytes(device.memoryBytes)}`;
  return device.type === "cpu"
    ? `${device.cores} cores, ${memory}, ${device.name}`
    : `${device.name}, ${memory}, compute capability ${device.computeCapability}`;
}

function describeProblem({ code, severity, message, remedy }: Problem): string {
  const label = paint(process.stdout, severity === "error" ? "red" : "yellow", `${severity} ${code}`);
  return `${label}\n  ${message}\n  Next: ${remedy}\n`;
}
