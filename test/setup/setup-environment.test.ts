import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  findEnvironment,
  type SetupEnvironmentOptions,
  type SetupStage,
  setupEnvironment,
} from "../../ts-client/src/python/index.ts";
import { fakePython, python } from "../unit/python/support/fake-python.ts";
import { writeRequirements, writeWheel } from "../unit/python/support/wheel.ts";
import { temporaryFolder } from "../unit/python/support/workspace.ts";
import { startSetup } from "./support/child.ts";

/** A package that takes its time to be imported, so that a set-up can be caught in the act. */
const SLOW = "import time\ntime.sleep(1)\n";

let options: SetupEnvironmentOptions & { cacheDir: string };
/** The user's pip settings: no index, only a folder of wheels. */
let pipSettings: NodeJS.ProcessEnv;

beforeEach(() => {
  const folder = temporaryFolder();
  const wheels = join(folder, "wheels");
  writeWheel(wheels, "slowpoke", "1.0", SLOW);
  writeWheel(wheels, "devtool", "2.0", "");
  pipSettings = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels, PIP_CONFIG_FILE: "/dev/null" };
  for (const [name, value] of Object.entries(pipSettings)) vi.stubEnv(name, value);
  vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", undefined);
  options = {
    cacheDir: join(folder, "cache"),
    requirements: writeRequirements(folder, "slowpoke==1.0", "devtool==2.0"),
    staleLockMs: 6_000,
  };
});

describe("setupEnvironment", { timeout: 240_000 }, () => {
  it("builds an environment once, finds it, and puts development packages on top", async () => {
    const stages: SetupStage[] = [];
    const built = await setupEnvironment({ ...options, onProgress: ({ stage }) => stages.push(stage) });
    expect(built.changed).toBe(true);
    expect([...new Set(stages)]).toEqual(["search", "create", "download", "install", "check", "done"]);
    expect(built.versions).toMatchObject({ slowpoke: "1.0" });
    expect(run(built.python, "import slowpoke, sys; print(sys.prefix)")).toBe(built.dir);

    expect(await setupEnvironment(options)).toMatchObject({ changed: false, python: built.python });
    expect(await findEnvironment(options)).toMatchObject({ python: built.python, managed: true });

    const dev = await setupEnvironment({ ...options, dev: true });
    expect(dev).toMatchObject({ changed: true, python: built.python });
    expect(dev.versions).toMatchObject({ slowpoke: "1.0", devtool: "2.0" });
    expect(await setupEnvironment({ ...options, dev: true })).toMatchObject({ changed: false });
    expect(await setupEnvironment(options)).toMatchObject({ changed: false });
  });

  it("mends an environment that lost a file, its interpreter, or its place", async () => {
    const { dir, python } = await setupEnvironment(options);
    const file = run(python, "import slowpoke; print(slowpoke.__file__)");

    writeFileSync(file, "");
    expect(await setupEnvironment(options)).toMatchObject({ changed: true, dir });
    expect(readFileSync(file, "utf8")).toBe(SLOW);

    rmSync(python);
    symlinkSync("/nowhere/python3", python);
    await expect(findEnvironment(options)).rejects.toMatchObject({ code: "ENVIRONMENT_MISSING" });
    expect(await setupEnvironment(options)).toMatchObject({ changed: true, dir });
    expect(await findEnvironment(options)).toMatchObject({ dir });

    renameSync(dir, `${dir}-moved`);
    await expect(findEnvironment(options)).rejects.toMatchObject({ code: "ENVIRONMENT_MISSING" });
  });

  it("lets two at once take turns: one builds, the other waits and finds it done", async () => {
    const processes = [startSetup(options, pipSettings), startSetup(options, pipSettings)];
    expect(await Promise.all(processes.map(({ exit }) => exit))).toEqual([0, 0]);
    const results = processes.map(({ lines }) => lines.at(-1));
    expect(results.map((result) => result?.changed).sort()).toEqual([false, true]);
    expect(results[0]?.python).toBe(results[1]?.python);
    const waiter = processes.find(({ lines }) => lines.at(-1)?.changed === false);
    expect(waiter?.lines).toContainEqual(
      expect.objectContaining({
        stage: "wait",
        message: expect.stringContaining("Waiting for another process"),
      }),
    );
    expect(waiter?.lines.some(({ stage }) => stage === "create" || stage === "install")).toBe(false);
  });

  it("goes on after a set-up that was killed, and nothing of that one keeps running", async () => {
    const killed = startSetup(options, pipSettings);
    await killed.until(({ stage }) => stage === "create");
    killed.child.kill("SIGKILL");
    expect(await killed.exit).toBeNull();
    await expect(findEnvironment(options)).rejects.toMatchObject({ code: "ENVIRONMENT_MISSING" });
    await vi.waitFor(() => expect(processesNaming(options.cacheDir)).toEqual([]), 5_000);

    const again = startSetup(options, pipSettings);
    await again.until(({ stage }) => stage === "check");
    again.child.kill("SIGKILL");
    await again.exit;

    const stages = new Set<SetupStage>();
    const result = await setupEnvironment({ ...options, onProgress: ({ stage }) => stages.add(stage) });
    expect(result.changed).toBe(true);
    // The second one had come as far as the check, so nothing is created or installed anew.
    stages.delete("wait");
    expect(stages).toEqual(new Set(["search", "check", "done"]));
  });

  it("stops when it is told to, with all that it started", async () => {
    const controller = new AbortController();
    const stopped = setupEnvironment({
      ...options,
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === "create") setTimeout(() => controller.abort(), 200);
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "CANCELLED" });
    await vi.waitFor(() => expect(processesNaming(options.cacheDir)).toEqual([]), 5_000);
  });

  it("says that a package does not exist, with pip's last lines", async () => {
    const requirements = writeRequirements(temporaryFolder(), "nosuchpackage==1.0", "devtool==2.0");
    const failure = setupEnvironment({ ...options, requirements });
    await expect(failure).rejects.toMatchObject({
      code: "ENVIRONMENT_FAILED",
      message: expect.stringMatching(
        /no installable nosuchpackage==1\.0[\s\S]*ERROR: No matching distribution/,
      ),
    });
    await expect(findEnvironment({ ...options, requirements })).rejects.toMatchObject({
      code: "ENVIRONMENT_MISSING",
    });
  });

  it("says that a package cannot be imported", async () => {
    const folder = temporaryFolder();
    writeWheel(
      process.env.PIP_FIND_LINKS ?? "",
      "brokenpkg",
      "1.0",
      "raise OSError('libcuda.so.1: not found')\n",
    );
    const requirements = writeRequirements(folder, "brokenpkg==1.0", "devtool==2.0");
    await expect(setupEnvironment({ ...options, requirements })).rejects.toMatchObject({
      code: "ENVIRONMENT_FAILED",
      message: expect.stringContaining("brokenpkg (OSError: libcuda.so.1: not found)"),
    });
  });

  it("says that the Python is too old or has no venv before it writes anything", async () => {
    const old = fakePython(temporaryFolder(), "python3", python([3, 9, 0]));
    await expect(setupEnvironment({ ...options, python: old })).rejects.toMatchObject({
      code: "ENVIRONMENT_FAILED",
      message: expect.stringContaining("is Python 3.9.0, but 3.10 or newer is needed"),
    });
    const bare = fakePython(temporaryFolder(), "python3", python([3, 11, 0], false));
    await expect(setupEnvironment({ ...options, python: bare })).rejects.toMatchObject({
      code: "ENVIRONMENT_FAILED",
      message: expect.stringContaining("sudo apt install python3.11-venv"),
    });
  });

  it("refuses an unknown build of torch at once", async () => {
    await expect(setupEnvironment({ ...options, torch: "cuda" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "torch",
    });
  });
});

function run(program: string, code: string): string {
  return execFileSync(program, ["-c", code], { encoding: "utf8" }).trim();
}

/** The command lines of running Pythons that name a folder. */
function processesNaming(folder: string): string[] {
  const list = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return list.filter((line) => line.includes(folder) && line.includes("guarded.py"));
}
