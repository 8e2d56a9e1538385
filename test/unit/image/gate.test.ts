import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Gate } from "../../../ts-client/src/image/gate.ts";

/** Work that ends when it is told to. */
function work() {
  let end = () => {};
  let started = false;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = () => {
    started = true;
    return done;
  };
  return { run, end: () => end(), started: () => started };
}

describe("Gate", () => {
  it("lets in what fits, first come first served", async () => {
    const gate = new Gate(10);
    const [a, b, c] = [work(), work(), work()];
    const first = gate.run(6, undefined, a.run);
    const second = gate.run(6, undefined, b.run);
    const third = gate.run(1, undefined, c.run);
    await setImmediate();
    expect([a, b, c].map((job) => job.started())).toEqual([true, false, false]);
    a.end();
    await first;
    await setImmediate();
    expect([b, c].map((job) => job.started())).toEqual([true, true]);
    b.end();
    c.end();
    await Promise.all([second, third]);
  });

  it("runs what is over the whole budget alone", async () => {
    const gate = new Gate(10);
    const [heavy, light] = [work(), work()];
    const runs = [gate.run(99, undefined, heavy.run), gate.run(1, undefined, light.run)];
    await setImmediate();
    expect([heavy.started(), light.started()]).toEqual([true, false]);
    heavy.end();
    await setImmediate();
    expect(light.started()).toBe(true);
    light.end();
    await Promise.all(runs);
  });

  it("gives the place of failed work to the next", async () => {
    const gate = new Gate(1);
    const failing = gate.run(1, undefined, () => Promise.reject(new Error("no")));
    const next = gate.run(1, undefined, async () => "done");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("done");
  });

  it("forgets a wait that is aborted, and lets the next in", async () => {
    const gate = new Gate(10);
    const [running, small] = [work(), work()];
    const abort = new AbortController();
    const first = gate.run(6, undefined, running.run);
    const waiting = gate.run(6, abort.signal, async () => "never");
    const behind = gate.run(4, undefined, small.run);
    abort.abort(new Error("gave up"));
    await expect(waiting).rejects.toThrow("gave up");
    await setImmediate();
    expect(small.started()).toBe(true);
    running.end();
    small.end();
    await Promise.all([first, behind]);
  });
});
