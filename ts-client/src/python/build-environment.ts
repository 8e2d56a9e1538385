import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { requireDiskSpace } from "./disk-space.ts";
import { pipInstall, type Site } from "./install-packages.ts";
import type { Interpreter } from "./interpreter.ts";
import { formatVersion } from "./interpreter.ts";
import { environmentPython } from "./locations.ts";
import { type Marker, programOf, writeMarker } from "./marker.ts";
import { comparePins, inspectPackages, mismatches, type PackageReport } from "./packages.ts";
import { pipFailure } from "./pip-failure.ts";
import { environmentFailed } from "./problems.ts";
import { pinsFor, type RequirementFiles, requirementsHash } from "./requirements.ts";
import { runModule } from "./run-module.ts";
import { type TorchChoice, torchIndex, torchRequirement } from "./torch-choice.ts";

/** What to build. */
export interface Blueprint {
  readonly interpreter: Interpreter;
  readonly requirements: RequirementFiles;
  readonly torch: TorchChoice;
  readonly dev: boolean;
}

/**
 * Builds an environment in its folder, going on from what an earlier try left there, and marks it complete. The
 * caller holds the folder's lock.
 *
 * @throws InstructBlipError `ENVIRONMENT_FAILED`
 */
export async function buildEnvironment(blueprint: Blueprint, site: Site): Promise<Marker> {
  const { interpreter, requirements, torch, dev } = blueprint;
  const start = (await reusable(site, interpreter)) ?? (await createEmpty(site, blueprint));
  const pip = start.installed.pip;
  const pins = pinsFor(dev ? requirements.dev : requirements.runtime, interpreter.version);
  const index = torchIndex(torch);
  const torchPin = pins.get("torch");
  if (index !== undefined && torchPin !== undefined) {
    // Only torch itself: what it needs in turn comes from the user's own index, at the versions held for all.
    await pipInstall(site, pip, ["--no-deps", "--index-url", index, torchRequirement(torch, torchPin)]);
  }
  await pipInstall(site, pip, ["-r", dev ? requirements.dev : requirements.runtime]);
  const packages = await checked(site, pins);
  const marker: Marker = {
    format: 1,
    directory: site.directory,
    base: interpreter.program,
    program: programOf(site.directory),
    pythonVersion: formatVersion(interpreter.version),
    torch,
    requirements: requirementsHash(requirements.runtime),
    dev: dev ? requirementsHash(requirements.dev) : null,
    packages,
  };
  await writeMarker(marker);
  return marker;
}

/** What an earlier try left, when its Python still runs and is of the same version; its unfinished packages are dropped. */
async function reusable(site: Site, interpreter: Interpreter): Promise<PackageReport | undefined> {
  const python = environmentPython(site.directory);
  if (!existsSync(python)) return undefined;
  const report = await inspectPackages(python, { files: "mend", signal: site.signal });
  const isUsable =
    report.ok &&
    report.value.python === formatVersion(interpreter.version) &&
    "pip" in report.value.installed;
  return isUsable ? report.value : undefined;
}

async function createEmpty(site: Site, { interpreter, torch }: Blueprint): Promise<PackageReport> {
  const { directory, log, signal, onProgress } = site;
  await requireDiskSpace(directory, torch);
  onProgress({
    stage: "create",
    message: `Creating ${directory} with Python ${formatVersion(interpreter.version)}`,
  });
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const result = await runModule({
    python: interpreter.executable,
    module: "venv",
    args: [directory],
    log,
    signal,
  });
  if (!result.ok) throw environmentFailed(pipFailure(result.lines, site));
  const report = await inspectPackages(environmentPython(directory), { signal });
  if (report.ok) return report.value;
  throw environmentFailed({
    code: "ENVIRONMENT_BROKEN",
    severity: "error",
    message: `The new environment's Python in ${directory} does not run: ${report.reason}.`,
    remedy: "Name another Python with --python.",
  });
}

/** The packages that are there now, once every pinned one is there and can be imported. */
async function checked(site: Site, pins: ReadonlyMap<string, string>): Promise<Record<string, string>> {
  site.onProgress({ stage: "check", message: "Importing the packages for the first time" });
  const report = await inspectPackages(environmentPython(site.directory), {
    tryImports: pins.keys(),
    signal: site.signal,
  });
  const remedy = `The whole output of the set-up is in ${site.log}.`;
  const failed = (message: string) =>
    environmentFailed({ code: "PACKAGE_BROKEN", severity: "error", message, remedy });
  if (!report.ok) throw failed(`The installed packages cannot be imported: ${report.reason}.`);
  const { broken, installed } = report.value;
  const reasons = Object.entries(broken).map(([name, reason]) => `${name} (${reason})`);
  if (reasons.length > 0)
    throw failed(`These packages were installed but cannot be imported: ${reasons.join("; ")}.`);
  const wrong = mismatches(comparePins(pins, installed));
  if (wrong.length > 0) throw failed(`pip ended well but left out ${wrong.join(", ")}.`);
  return installed;
}
