import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { findEnvironment } from "../../../ts-client/src/python/index.ts";
import { environmentPython } from "../../../ts-client/src/python/locations.ts";
import { MARKER_FILE, writeMarker } from "../../../ts-client/src/python/marker.ts";
import { requirementsHash } from "../../../ts-client/src/python/requirements.ts";
import { fakePython, packagesAnswer, python } from "./support/fake-python.ts";
import { writeRequirements } from "./support/wheel.ts";
import { temporaryFolder } from "./support/workspace.ts";

let cacheDir: string;
let requirements: ReturnType<typeof writeRequirements>;
let base: string;

beforeEach(() => {
  vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", undefined);
  cacheDir = temporaryFolder();
  requirements = writeRequirements(temporaryFolder(), "torch==2.13.0", "pytest==9.2.0");
  base = fakePython(temporaryFolder(), "python3", python([3, 11, 7]));
});

describe("findEnvironment", () => {
  it("names the exact command when nothing is set up", async () => {
    await expect(findEnvironment({ cacheDir, requirements, torch: "cpu" })).rejects.toMatchObject({
      code: "ENVIRONMENT_MISSING",
      message: `The Python environment is not set up. Run: npx instructblip-workers setup --torch cpu --cache-dir ${cacheDir}`,
    });
  });

  it("takes the environment that was chosen last, unless one build of torch is asked for", async () => {
    await environment("cpu", 2_000);
    const cuda = await environment("cu130", 3_000);
    const cpu = await environment("cpu", 2_000);
    expect(await findEnvironment({ cacheDir, requirements })).toMatchObject({
      dir: cuda,
      python: environmentPython(cuda),
      versions: { python: "3.11.7", torch: "2.13.0" },
      managed: true,
    });
    expect(await findEnvironment({ cacheDir, requirements, torch: "cpu" })).toMatchObject({ dir: cpu });
  });

  it("passes over environments of other requirements and over markers that make no sense", async () => {
    const dir = await environment("cpu", 2_000);
    const other = writeRequirements(temporaryFolder(), "torch==2.14.0", "pytest==9.2.0");
    await expect(findEnvironment({ cacheDir, requirements: other })).rejects.toMatchObject({
      code: "ENVIRONMENT_MISSING",
    });
    writeFileSync(join(dir, MARKER_FILE), '{"format": 1, "direct');
    await expect(findEnvironment({ cacheDir, requirements })).rejects.toMatchObject({
      code: "ENVIRONMENT_MISSING",
    });
  });

  it("takes a named Python as it is when it has every package at its pinned version", async () => {
    await environment("cpu", 2_000);
    const own = fakePython(temporaryFolder(), "python3", {
      ...python([3, 12, 0]),
      packages: packagesAnswer({ torch: "2.13.0+cu130", numpy: "2.4.6" }),
    });
    vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", own);
    expect(await findEnvironment({ cacheDir, requirements })).toMatchObject({
      python: own,
      dir: "/opt/own",
      managed: false,
    });
  });

  it("takes the environment that was built from a named Python without the packages", async () => {
    const dir = await environment("cpu", 2_000);
    const named = fakePython(dirname(base), "python3", {
      ...python([3, 11, 7]),
      packages: packagesAnswer({}),
    });
    expect(await findEnvironment({ cacheDir, requirements, python: named })).toMatchObject({ dir });
  });

  it("says what a named Python lacks", async () => {
    const own = fakePython(temporaryFolder(), "python3", {
      ...python([3, 12, 0]),
      packages: packagesAnswer({ torch: "2.1.0" }),
    });
    await expect(findEnvironment({ cacheDir, requirements, python: own })).rejects.toMatchObject({
      code: "ENVIRONMENT_MISSING",
      message: expect.stringMatching(
        /it lacks torch 2\.13\.0 \(found 2\.1\.0\).* Run: npx instructblip-workers setup --python /,
      ),
    });
  });
});

/** A complete environment on disk, but for its packages. */
async function environment(torch: string, chosenAtSeconds: number): Promise<string> {
  const directory = join(cacheDir, "environments", `py3.11-${torch}-0123456789ab`);
  mkdirSync(dirname(environmentPython(directory)), { recursive: true });
  try {
    symlinkSync(base, environmentPython(directory));
  } catch {
    // It is there from an earlier call.
  }
  await writeMarker({
    format: 1,
    directory,
    base,
    program: base,
    pythonVersion: "3.11.7",
    torch,
    requirements: requirementsHash(requirements.runtime),
    dev: null,
    packages: { torch: "2.13.0" },
  });
  utimesSync(join(directory, MARKER_FILE), chosenAtSeconds, chosenAtSeconds);
  return directory;
}
