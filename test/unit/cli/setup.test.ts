import { mkdirSync, utimesSync } from "node:fs";
import { describe, expect, it } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { environmentFolder } from "../../../ts-client/src/python/environment-folder.ts";
import {
  bundledRequirements,
  pinsFor,
  requirementsHash,
} from "../../../ts-client/src/python/requirements.ts";
import { fakePython, packagesAnswer, python } from "../python/support/fake-python.ts";
import { temporaryFolder } from "../python/support/workspace.ts";
import { runCli, startCli } from "./support/run-cli.ts";

const { runtime } = bundledRequirements();

describe("the command line", () => {
  it("prints its version", async () => {
    expect(await runCli(["--version"])).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
  });

  it("shows examples with its help", async () => {
    const { code, stdout } = await runCli(["setup", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("$ instructblip-workers setup --torch cpu");
  });

  it.each([
    [["docter"], "Did you mean doctor?"],
    [["setup", "--pyton", "x"], "Did you mean --python?"],
    [["setup", "--torch", "cuda"], "a CUDA version such as cu130"],
  ])("ends with 2 and a hint after %j", async (args, hint) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(hint);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("setup", () => {
  it("takes a Python that has everything, with the answer alone on stdout", async () => {
    const pins = Object.fromEntries(pinsFor(runtime, [3, 11, 7]));
    const own = fakePython(temporaryFolder(), "python3", {
      ...python([3, 11, 7]),
      packages: packagesAnswer(pins),
    });
    const { code, stdout } = await runCli(["setup", "--python", own, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, changed: false, python: own, managed: false });
    expect((await runCli(["setup", "--python", own])).stdout).toBe(`${own}\n`);
  });

  it("ends with 1 and the reason, also as JSON", async () => {
    const old = fakePython(temporaryFolder(), "python3", python([3, 7, 0]));
    const { code, stdout, stderr } = await runCli(["setup", "--python", old, "--json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("error: ");
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: "ENVIRONMENT_FAILED", message: expect.stringContaining("is Python 3.7.0") },
    });
  });

  it("ends with 130 after Ctrl-C", async () => {
    const cacheDir = temporaryFolder();
    const own = fakePython(temporaryFolder(), "python3", {
      ...python([3, 11, 7]),
      packages: packagesAnswer({}),
    });
    lockForever(cacheDir, own);
    let interrupted = false;
    const { result } = startCli(["setup", "--python", own, "--cache-dir", cacheDir], {}, (stderr, child) => {
      if (interrupted || !stderr.includes("Waiting for another process")) return;
      interrupted = true;
      child.kill("SIGINT");
    });
    const { code, stderr } = await result;
    expect(stderr).toContain("error: The set-up was stopped. Run it again to go on from there.");
    expect(code).toBe(130);
  });
});

/** Makes the lock of an environment look as if a living process held it. */
function lockForever(cacheDir: string, program: string): void {
  const interpreter = { executable: program, program, version: [3, 11, 7], venv: true } as const;
  const requirements = requirementsHash(runtime);
  const lock = `${environmentFolder({ requirements, interpreter, torch: "auto", cacheDir })}.lock`;
  mkdirSync(lock, { recursive: true });
  const future = Date.now() / 1000 + 3_600;
  utimesSync(lock, future, future);
}
