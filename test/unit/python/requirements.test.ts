import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { workerFile } from "../../../ts-client/src/python/package-root.ts";
import {
  bundledRequirements,
  pinsFor,
  requirementsHash,
  satisfies,
} from "../../../ts-client/src/python/requirements.ts";
import { temporaryFolder } from "./support/workspace.ts";

describe("the bundled requirements", () => {
  const { runtime, dev } = bundledRequirements();

  it("pin every package of a worker, with torch and transformers as they were tested", () => {
    const pins = pinsFor(runtime, [3, 11, 7]);
    expect(pins.get("torch")).toBe("2.13.0");
    expect(pins.get("transformers")).toBe("5.18.0");
    expect([...pins.keys()]).toEqual(expect.arrayContaining(["pyzmq", "msgspec", "pillow", "safetensors"]));
  });

  it("pin the same packages for Python 3.10 as for newer ones", () => {
    const names = (minor: number) => [...pinsFor(dev, [3, minor, 0]).keys()].sort();
    expect(names(10)).toEqual(names(13));
    expect(pinsFor(runtime, [3, 10, 13]).get("numpy")).not.toBe(pinsFor(runtime, [3, 11, 7]).get("numpy"));
  });

  it("hold no package in both the requirements and the constraints", () => {
    const held = pinsFor(workerFile("constraints.txt"), [3, 11, 0]);
    const direct = pinsFor(dev, [3, 11, 0]);
    expect([...held.keys()].filter((name) => direct.has(name))).toEqual([]);
  });

  it("put what the tests need on top of what a worker needs", () => {
    const pins = pinsFor(dev, [3, 11, 7]);
    expect(pins.get("torch")).toBe(pinsFor(runtime, [3, 11, 7]).get("torch"));
    expect([...pins.keys()]).toEqual(expect.arrayContaining(["pytest", "mypy", "ruff", "hypothesis"]));
  });
});

describe("pinsFor", () => {
  it("leaves out what is for another platform or another Python", () => {
    const file = join(temporaryFolder(), "requirements.txt");
    const lines = [
      "everywhere==1.0",
      `here==1.0 ; sys_platform == "${process.platform}"`,
      'elsewhere==1.0 ; sys_platform == "riscos"',
      'old==1.0 ; python_version < "3.11"',
      'new==1.0 ; python_version >= "3.11"',
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    expect([...pinsFor(file, [3, 11, 0]).keys()]).toEqual(["everywhere", "here", "new"]);
    expect([...pinsFor(file, [3, 10, 0]).keys()]).toEqual(["everywhere", "here", "old"]);
  });

  it.each(["torch>=2", 'torch==2.13.0 ; os_name == "nt"'])("refuses %s", (line) => {
    const file = join(temporaryFolder(), "requirements.txt");
    writeFileSync(file, `${line}\n`);
    expect(() => pinsFor(file, [3, 11, 0])).toThrow(`"${line}" is not a pin`);
  });
});

describe("requirementsHash", () => {
  it("changes with a file that is included only as a constraint", () => {
    const folder = temporaryFolder();
    const file = join(folder, "requirements.txt");
    writeFileSync(file, "-c constraints.txt\ntorch==2.13.0\n");
    writeFileSync(join(folder, "constraints.txt"), "sympy==1.14.0\n");
    const before = requirementsHash(file);
    expect(requirementsHash(file)).toBe(before);
    writeFileSync(join(folder, "constraints.txt"), "sympy==1.14.1\n");
    expect(requirementsHash(file)).not.toBe(before);
  });
});

describe("satisfies", () => {
  it.each([
    ["2.13.0", "2.13.0", true],
    ["2.13.0+cpu", "2.13.0", true],
    ["2.13.0", "2.13.0+cpu", false],
    ["2.13.1", "2.13.0", false],
    [null, "2.13.0", false],
  ])("%s for %s: %s", (installed, pinned, expected) => {
    expect(satisfies(installed, pinned)).toBe(expected);
  });
});
