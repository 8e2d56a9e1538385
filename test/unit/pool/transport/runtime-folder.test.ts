import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  assertPrivate,
  createSocketFolder,
  ipcEndpoint,
  userRuntimeFolder,
} from "../../../../ts-client/src/pool/transport/runtime-folder.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

const mode = (folder: string) => statSync(folder).mode & 0o777;

describe("the runtime folder", () => {
  test("is made for this user alone", async () => {
    const folder = await userRuntimeFolder();
    expect(folder).toBe(path.join(base, "instructblip-workers"));
    expect(mode(folder)).toBe(0o700);
    expect(await userRuntimeFolder()).toBe(folder);
  });

  test("is in the temporary folder where XDG_RUNTIME_DIR is not set, not there or not absolute", async () => {
    vi.stubEnv("TMPDIR", base);
    const wanted = path.join(base, `instructblip-workers-${process.getuid?.()}`);
    for (const value of ["", path.join(base, "missing"), "relative"]) {
      vi.stubEnv("XDG_RUNTIME_DIR", value);
      expect(await userRuntimeFolder()).toBe(wanted);
    }
  });

  test("that is open to others is refused", async () => {
    const folder = await userRuntimeFolder();
    chmodSync(folder, 0o755);
    await expect(userRuntimeFolder()).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("mode 755; 700 is needed"),
    });
  });

  test("that is a link is refused, wherever it leads", async () => {
    const elsewhere = path.join(base, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, path.join(base, "instructblip-workers"));
    await expect(userRuntimeFolder()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("that belongs to somebody else is refused", async () => {
    const folder = await userRuntimeFolder();
    vi.spyOn(process, "getuid").mockReturnValue((process.getuid?.() ?? 0) + 1);
    await expect(assertPrivate(folder)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("another user"),
    });
  });

  test("that is not there is an error that says where", async () => {
    await expect(assertPrivate(path.join(base, "missing"))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("missing"),
    });
  });
});

describe("a pool's socket folder", () => {
  test("is its own, private, and short enough for a socket path wherever the runtime folder is", async () => {
    const [one, two] = [await createSocketFolder(), await createSocketFolder()];
    expect(one).not.toBe(two);
    expect(mode(one)).toBe(0o700);
    const long = path.join(base, "x".repeat(120));
    mkdirSync(long);
    vi.stubEnv("XDG_RUNTIME_DIR", long);
    const short = await createSocketFolder();
    try {
      expect(Buffer.byteLength(path.join(short, "control"))).toBeLessThan(104);
      expect(mode(short)).toBe(0o700);
    } finally {
      rmSync(short, { recursive: true });
    }
  });

  test("that a killed process left behind is removed; one that is listened to, or new, is kept", async () => {
    const [dead, live, fresh] = [
      await createSocketFolder(),
      await createSocketFolder(),
      await createSocketFolder(),
    ];
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path.join(live, "control"), resolve));
    for (const folder of [dead, live]) utimesSync(folder, 0, 0);
    await createSocketFolder();
    expect([dead, live, fresh].map((folder) => existsSync(folder))).toEqual([false, true, true]);
    await new Promise((resolve) => server.close(resolve));
  });

  test("an address that is too long says so, with the limit", () => {
    expect(() => ipcEndpoint(`/${"x".repeat(110)}`, "front")).toThrow(/107 bytes|103 bytes/);
    expect(ipcEndpoint("/run/x", "front")).toBe("ipc:///run/x/front");
  });
});
