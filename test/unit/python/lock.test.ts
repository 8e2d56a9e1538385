import { mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withLock } from "../../../ts-client/src/python/lock.ts";
import { temporaryFolder } from "./support/workspace.ts";

describe("withLock", () => {
  it("lets one in at a time and tells the others that they wait", async () => {
    const folder = join(temporaryFolder(), "environment");
    const log: string[] = [];
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const first = withLock(folder, {}, async () => {
      log.push("first in");
      await held;
      log.push("first out");
    });
    const second = withLock(folder, { onWait: () => letGo() }, async () => log.push("second in"));
    await Promise.all([first, second]);
    expect(log).toEqual(["first in", "first out", "second in"]);
  });

  it("takes over a lock that its holder has left behind", async () => {
    const folder = join(temporaryFolder(), "environment");
    mkdirSync(`${folder}.lock`);
    const past = Date.now() / 1000 - 60;
    utimesSync(`${folder}.lock`, past, past);
    expect(await withLock(folder, {}, async () => "in")).toBe("in");
  });

  it("gives the lock back when the task fails", async () => {
    const folder = join(temporaryFolder(), "environment");
    await expect(withLock(folder, {}, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withLock(folder, {}, async () => "in")).toBe("in");
  });

  it("stops waiting when it is told to", async () => {
    const folder = join(temporaryFolder(), "environment");
    mkdirSync(`${folder}.lock`);
    const controller = new AbortController();
    const onWait = () => controller.abort(new Error("enough"));
    await expect(withLock(folder, { onWait, signal: controller.signal }, async () => {})).rejects.toThrow();
  });
});
