import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SharedWork } from "../../../ts-client/src/model/shared-work.ts";

function pending() {
  const seen: { signal?: AbortSignal; resolve?: (value: string) => void } = {};
  const work = new SharedWork<string>(
    (signal) =>
      new Promise((resolve, reject) => {
        Object.assign(seen, { signal, resolve });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  return { work, seen };
}

describe("SharedWork", () => {
  it("runs once for all who wait", async () => {
    const { work, seen } = pending();
    const both = Promise.all([
      work.wait(new AbortController().signal),
      work.wait(new AbortController().signal),
    ]);
    await setImmediate();
    seen.resolve?.("done");
    expect(await both).toEqual(["done", "done"]);
  });

  it("goes on when one of two gives up, who hears of it at once", async () => {
    const { work, seen } = pending();
    const quitter = new AbortController();
    const left = work.wait(quitter.signal);
    const stays = work.wait(new AbortController().signal);
    await setImmediate();
    quitter.abort("no longer");
    await expect(left).rejects.toBe("no longer");
    expect(seen.signal?.aborted).toBe(false);
    expect(work.abandoned).toBe(false);
    seen.resolve?.("done");
    expect(await stays).toBe("done");
  });

  it("is aborted when the last one gives up", async () => {
    const { work, seen } = pending();
    const only = new AbortController();
    const left = work.wait(only.signal);
    await setImmediate();
    only.abort("no longer");
    await expect(left).rejects.toBe("no longer");
    expect(seen.signal?.aborted).toBe(true);
    expect(work.abandoned).toBe(true);
  });

  it("rejects a caller whose signal is aborted already", async () => {
    const { work } = pending();
    await expect(work.wait(AbortSignal.abort("too late"))).rejects.toBe("too late");
  });

  it("passes a failure on to all", async () => {
    const work = new SharedWork(() => {
      throw new Error("broken");
    });
    const signal = new AbortController().signal;
    await expect(work.wait(signal)).rejects.toThrow("broken");
    await expect(work.wait(signal)).rejects.toThrow("broken");
  });
});
