import { beforeEach, describe, expect, it, vi } from "vitest";
import { findInterpreter } from "../../../ts-client/src/python/find-interpreter.ts";
import { fakeProgram, fakePython, python } from "./support/fake-python.ts";
import { temporaryFolder } from "./support/workspace.ts";

let bin: string;

beforeEach(() => {
  bin = temporaryFolder();
  vi.stubEnv("PATH", bin);
  vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", undefined);
});

describe("findInterpreter", () => {
  it("takes the newest of the versions it knows, before the default python3", async () => {
    fakePython(bin, "python3", python([3, 14, 0]));
    fakePython(bin, "python3.11", python([3, 11, 7]));
    fakePython(bin, "python3.12", python([3, 12, 1]));
    const { interpreter } = await findInterpreter();
    expect(interpreter?.version).toEqual([3, 12, 1]);
  });

  it("passes over a version manager's shim that runs nothing", async () => {
    fakeProgram(bin, "python3.12", 'echo "pyenv: python3.12: command not found" >&2; exit 127');
    fakeProgram(bin, "python3.11", "echo hello");
    fakePython(bin, "python3", python([3, 10, 4]));
    const { interpreter } = await findInterpreter();
    expect(interpreter?.version).toEqual([3, 10, 4]);
  });

  it("passes over a Python that is too old or cannot build environments", async () => {
    fakePython(bin, "python3.12", python([3, 12, 1], false));
    fakePython(bin, "python3", python([3, 9, 2]));
    fakePython(bin, "python", python([3, 11, 0]));
    const { interpreter } = await findInterpreter();
    expect(interpreter?.version).toEqual([3, 11, 0]);
  });

  it("names the Debian package when only `venv` is missing", async () => {
    fakePython(bin, "python3", python([3, 11, 2], false));
    fakePython(bin, "python", python([2, 7, 18], false));
    const { problem } = await findInterpreter();
    expect(problem?.code).toBe("PYTHON_NO_VENV");
    expect(problem?.message).toContain("Python 3.11.2");
    expect(problem?.remedy).toContain("sudo apt install python3.11-venv");
  });

  it("names the version when every Python is too old", async () => {
    fakePython(bin, "python3", python([3, 9, 2]));
    const { problem } = await findInterpreter();
    expect(problem?.code).toBe("PYTHON_TOO_OLD");
    expect(problem?.message).toContain("is Python 3.9.2, but 3.10 or newer is needed");
  });

  it("says what it looked for when there is no Python", async () => {
    const { problem } = await findInterpreter();
    expect(problem?.code).toBe("PYTHON_NOT_FOUND");
    expect(problem?.message).toContain("python3.13, python3.12, python3.11, python3.10, python3, python");
    expect(problem?.remedy).toContain("INSTRUCTBLIP_WORKERS_PYTHON");
  });

  it("takes the named Python and no other", async () => {
    fakePython(bin, "python3", python([3, 12, 0]));
    const old = fakePython(temporaryFolder(), "python3", python([3, 8, 1]));
    const { problem } = await findInterpreter(old);
    expect(problem?.code).toBe("PYTHON_TOO_OLD");
    expect(problem?.message).toContain("the `python` option");
  });

  it("takes the one that the variable names, and the option before the variable", async () => {
    vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", fakePython(temporaryFolder(), "one", python([3, 11, 1])));
    expect((await findInterpreter()).interpreter?.version).toEqual([3, 11, 1]);
    const two = fakePython(temporaryFolder(), "two", python([3, 12, 2]));
    expect((await findInterpreter(two)).interpreter?.version).toEqual([3, 12, 2]);
  });

  it("says that a named Python does not exist, and where the name came from", async () => {
    vi.stubEnv("INSTRUCTBLIP_WORKERS_PYTHON", "/nowhere/python3");
    const { problem } = await findInterpreter();
    expect(problem?.message).toBe(
      "/nowhere/python3, named by INSTRUCTBLIP_WORKERS_PYTHON, cannot be used as a Python: there is no such program.",
    );
  });

  it("stops when it is told to", async () => {
    fakeProgram(bin, "python3.13", "exec /bin/sleep 60");
    const reason = new Error("enough");
    await expect(findInterpreter(undefined, abortSoon(reason))).rejects.toBe(reason);
  });
});

function abortSoon(reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  return controller.signal;
}
