import { describe, expect, it } from "vitest";
import { bundledRequirements, pinsFor } from "../../../ts-client/src/python/requirements.ts";
import { fakePython, packagesAnswer, python } from "../python/support/fake-python.ts";
import { temporaryFolder } from "../python/support/workspace.ts";
import { runCli } from "./support/run-cli.ts";

const PINS = Object.fromEntries(pinsFor(bundledRequirements().runtime, [3, 11, 7]));
const GPU = {
  index: 0,
  name: "NVIDIA H200",
  memoryBytes: 150_000_000_000,
  freeMemoryBytes: 149_000_000_000,
  computeCapability: "9.0",
};

describe("doctor", () => {
  it("works when nothing is set up, and names the next command", async () => {
    const cache = temporaryFolder();
    const { code, stdout } = await runCli(["doctor", "--json"], { INSTRUCTBLIP_WORKERS_CACHE_DIR: cache });
    expect(code).toBe(1);
    const diagnosis = JSON.parse(stdout);
    expect(diagnosis).toMatchObject({
      ok: false,
      node: { version: process.versions.node, executable: process.execPath },
      python: null,
    });
    expect(diagnosis.packages.torch).toEqual({ installed: null, pinned: "2.13.0" });
    expect(diagnosis.devices).toEqual([
      {
        type: "cpu",
        name: expect.any(String),
        cores: expect.any(Number),
        memoryBytes: expect.any(Number),
        freeMemoryBytes: expect.any(Number),
      },
    ]);
    expect(diagnosis.problems).toContainEqual({
      code: "ENVIRONMENT_MISSING",
      severity: "error",
      message: "The Python environment is not set up.",
      remedy: "npx instructblip-workers setup",
    });
  });

  it("lists the GPUs of a Python that has everything, and exits with 0", async () => {
    const own = ownPython(PINS, { torch: "2.13.0+cu130", cuda: "13.0", devices: [GPU], reason: null });
    const { code, stdout } = await runCli(["doctor", "--json", "--python", own]);
    const diagnosis = JSON.parse(stdout);
    expect(diagnosis.problems).toEqual([]);
    expect(diagnosis).toMatchObject({ ok: true, python: { executable: own, version: "3.11.7" } });
    expect(diagnosis.packages.numpy).toEqual({ installed: PINS.numpy, pinned: PINS.numpy });
    expect(diagnosis.devices[1]).toEqual({ type: "cuda", ...GPU });
    expect(code).toBe(0);
  });

  it("warns of a GPU that cannot be used, without calling the machine unfit", async () => {
    const reason = "The NVIDIA driver on your system is too old";
    const own = ownPython(PINS, { torch: "2.13.0+cu130", cuda: "13.0", devices: [], reason });
    const { code, stdout } = await runCli(["doctor", "--json", "--python", own]);
    const { ok, problems } = JSON.parse(stdout);
    expect(problems).toMatchObject([{ code: "CUDA_UNUSABLE", severity: "warning" }]);
    expect(problems[0].message).toContain(reason);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
  });

  it("says for people what is wrong and what to do next, without colours off a terminal", async () => {
    const own = ownPython({ ...PINS, numpy: "1.26.0" }, {});
    const { code, stdout } = await runCli(["doctor", "--python", own, "--cache-dir", temporaryFolder()]);
    expect(code).toBe(1);
    expect(stdout).toContain(`numpy ${PINS.numpy} (found 1.26.0)`);
    expect(stdout).toMatch(/Next: npx instructblip-workers setup --python \S+ --cache-dir \S+/);
    expect(stdout).toContain("Workers cannot run yet.");
    expect(stdout).not.toContain("\u001b[");
  });
});

function ownPython(installed: Record<string, string>, devices: object): string {
  return fakePython(temporaryFolder(), "python3", {
    ...python([3, 11, 7]),
    packages: packagesAnswer(installed),
    devices,
  });
}
