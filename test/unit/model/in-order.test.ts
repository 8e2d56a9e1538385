import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inOrder } from "../../../ts-client/src/model/in-order.ts";

/** Tasks that end when they are told to. */
function gates() {
  const open = new Map<
    number,
    { resolve: (value: string) => void; reject: (error: unknown) => void; signal: AbortSignal }
  >();
  const task = (item: number, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => open.set(item, { resolve, reject, signal }));
  return { open, task };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

describe("inOrder", () => {
  it("gives outcomes in the items' order, though later tasks end first", async () => {
    const { open, task } = gates();
    const outcomes = inOrder([0, 1, 2], task, { concurrency: 3, signal: undefined });
    const first = outcomes.next();
    await until(() => open.size === 3);
    open.get(2)?.resolve("c");
    open.get(1)?.reject("bad");
    open.get(0)?.resolve("a");
    expect((await first).value).toEqual({ ok: true, value: "a" });
    expect((await outcomes.next()).value).toEqual({ ok: false, error: "bad" });
    expect((await outcomes.next()).value).toEqual({ ok: true, value: "c" });
    expect((await outcomes.next()).done).toBe(true);
  });

  it("takes no more items than it may run, however many there are", async () => {
    let taken = 0;
    function* endless() {
      while (true) yield taken++;
    }
    const outcomes = inOrder(endless(), async (item) => item, { concurrency: 4, signal: undefined });
    for (let i = 0; i < 10; i++) {
      expect((await outcomes.next()).value).toEqual({ ok: true, value: i });
      expect(taken).toBeLessThanOrEqual(i + 5);
    }
    await outcomes.return();
  });

  it("gives an answer that is there while the source is slow", async () => {
    async function* slow() {
      yield 1;
      await new Promise<never>(() => {});
    }
    const outcomes = inOrder(slow(), async (item) => item, { concurrency: 8, signal: undefined });
    expect((await outcomes.next()).value).toEqual({ ok: true, value: 1 });
    await outcomes.return();
  });

  it("aborts the tasks under way and closes the source when the loop is left", async () => {
    let closed = false;
    function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    const { open, task } = gates();
    for await (const _ of inOrder(
      source(),
      (item, signal) => (item === 0 ? Promise.resolve("") : task(item, signal)),
      {
        concurrency: 3,
        signal: undefined,
      },
    )) {
      await until(() => open.size > 0);
      break;
    }
    for (const { signal } of open.values()) {
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ code: "CANCELLED" });
    }
    expect(closed).toBe(true);
  });

  it("ends with CANCELLED when its signal is aborted, before or meanwhile", async () => {
    const controller = new AbortController();
    const { open, task } = gates();
    const outcomes = inOrder([0], task, { concurrency: 1, signal: controller.signal });
    const first = outcomes.next();
    await until(() => open.size === 1);
    controller.abort("enough");
    await expect(first).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
    expect(open.get(0)?.signal.aborted).toBe(true);
    const late = inOrder([0], task, { concurrency: 1, signal: controller.signal });
    await expect(late.next()).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
  });

  it("ends with the source's failure", async () => {
    async function* broken() {
      yield 1;
      throw new Error("no more");
    }
    const outcomes = inOrder(broken(), async (item) => item, { concurrency: 1, signal: undefined });
    await outcomes.next();
    await expect(outcomes.next()).rejects.toThrow("no more");
  });
});
