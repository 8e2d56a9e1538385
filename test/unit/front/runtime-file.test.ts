import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  announce,
  daemonNames,
  readRuntimeFile,
  withdraw,
} from "../../../ts-client/src/front/runtime-file.ts";

let base = "";
const fileOf = (name: string) => path.join(base, "instructblip-workers", "daemons", `${name}.json`);
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

/** Announces, then pretends that another process did. */
async function announcedBy(fields: object): Promise<void> {
  const entry = await announce("default", "ipc:///old");
  writeFileSync(fileOf("default"), JSON.stringify({ ...entry, ...fields }));
}

describe("a daemon's runtime file", () => {
  test("says where it is, to its user alone, until it is withdrawn", async () => {
    const entry = await announce("default", "ipc:///x");
    expect(statSync(fileOf("default")).mode & 0o777).toBe(0o600);
    expect(await readRuntimeFile("default")).toEqual(entry);
    expect(entry).toMatchObject({ name: "default", endpoint: "ipc:///x", pid: process.pid });
    expect(entry.key).toMatch(/^[0-9a-f]{64}$/);
    await withdraw(entry);
    expect(await readRuntimeFile("default")).toBeUndefined();
    expect(readdirSync(path.dirname(fileOf("default")))).toEqual([]);
  });

  test("of a live daemon keeps its name from others", async () => {
    const entry = await announce("default", "ipc:///x");
    await expect(announce("default", "ipc:///y")).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(String(process.pid)),
    });
    expect(await readRuntimeFile("default")).toEqual(entry);
    await announce("other", "ipc:///y");
    expect((await daemonNames()).sort()).toEqual(["default", "other"]);
  });

  test("is written by one of two daemons that start at the same time", async () => {
    const outcomes = await Promise.allSettled([
      announce("default", "ipc:///x"),
      announce("default", "ipc:///y"),
    ]);
    const made = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(made).toHaveLength(1);
    expect(await readRuntimeFile("default")).toEqual(made[0]);
  });

  test("of a process that is gone counts for nothing", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    await announcedBy({ pid: child.pid });
    expect(await readRuntimeFile("default")).toBeUndefined();
    expect((await announce("default", "ipc:///new")).endpoint).toBe("ipc:///new");
  });

  test.skipIf(process.platform !== "linux")(
    "of a process whose id another one has now counts for nothing (only /proc tells when a process started)",
    async () => {
      await announcedBy({ processStart: "1" });
      expect(await readRuntimeFile("default")).toBeUndefined();
      await announce("default", "ipc:///new");
    },
  );

  test("that is half written or nonsense counts for nothing", async () => {
    await announcedBy({});
    const whole = readFileSync(fileOf("default"), "utf8");
    for (const text of ["", whole.slice(0, 30), "[]", whole.replace(/"key":"[0-9a-f]+"/, '"key":"x"')]) {
      writeFileSync(fileOf("default"), text);
      expect(await readRuntimeFile("default")).toBeUndefined();
    }
  });

  test("of a daemon that took the name over is not withdrawn by the one before", async () => {
    const before = await announce("default", "ipc:///x");
    writeFileSync(fileOf("default"), JSON.stringify({ ...before, key: "b".repeat(64) }));
    await withdraw(before);
    expect(await readRuntimeFile("default")).toMatchObject({ key: "b".repeat(64) });
  });

  test.each(["", "a b", "../x", "x".repeat(33)])("cannot have the name %j", async (name) => {
    for (const use of [() => announce(name, "ipc:///x"), () => readRuntimeFile(name)]) {
      await expect(use()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path: "name" });
    }
  });
});
