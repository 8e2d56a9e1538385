import { describe, expect, it } from "vitest";
import { pipFailure } from "../../../ts-client/src/python/pip-failure.ts";

const CONTEXT = { directory: "/cache/py3.11", log: "/cache/py3.11/setup.log" };

describe("pipFailure", () => {
  it.each([
    ["DISK_FULL", "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"],
    [
      "CACHE_NOT_WRITABLE",
      "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'",
    ],
    ["PACKAGE_NOT_FOUND", "ERROR: No matching distribution found for torch==2.13.0+cu999"],
    ["PACKAGE_NOT_FOUND", "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io"],
    ["PIP_FAILED", "ERROR: something that nobody has seen before"],
  ])("%s: %s", (code, line) => {
    expect(pipFailure(["Collecting torch", line], CONTEXT).code).toBe(code);
  });

  it("takes a package that was not found for want of a network for the network's fault", () => {
    const problem = pipFailure(
      [
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<HTTPSConnection>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/torch/",
        "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)",
        "ERROR: No matching distribution found for torch==2.13.0",
      ],
      CONTEXT,
    );
    expect(problem.code).toBe("NETWORK");
    expect(problem.remedy).toContain("pip config list");
  });

  it("names what was not found", () => {
    const problem = pipFailure(["ERROR: No matching distribution found for torch==2.13.0+cu999"], CONTEXT);
    expect(problem.message).toContain("torch==2.13.0+cu999");
  });

  it("shows pip's last lines and where the rest is", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const { remedy } = pipFailure(lines, CONTEXT);
    expect(remedy).toContain("  line 39\n");
    expect(remedy).not.toContain("line 20");
    expect(remedy).toContain("/cache/py3.11/setup.log");
  });
});
