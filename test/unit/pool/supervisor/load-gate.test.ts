import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { LoadGate } from "../../../../ts-client/src/pool/supervisor/load-gate.ts";

const never = new AbortController().signal;

/** Enters, and notes when its turn came. */
function visitor(gate: LoadGate, device: string, signal = never) {
  const visit = { isIn: false, leave: () => {} };
  void gate.enter(device, signal).then((leave) => {
    visit.isIn = true;
    visit.leave = leave;
  });
  return visit;
}

describe("the load gate", () => {
  test("lets two load at a time, in the order they came", async () => {
    const gate = new LoadGate();
    const visitors = [0, 1, 2, 3].map(() => visitor(gate, "cpu"));
    await turn();
    expect(visitors.map(({ isIn }) => isIn)).toEqual([true, true, false, false]);
    visitors[1]?.leave();
    await turn();
    expect(visitors.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
  });

  test("lets one load on each GPU, and does not hold up others behind it", async () => {
    const gate = new LoadGate();
    const visitors = ["cuda:0", "cuda:0", "cuda:1"].map((device) => visitor(gate, device));
    await turn();
    expect(visitors.map(({ isIn }) => isIn)).toEqual([true, false, true]);
    visitors[0]?.leave();
    await turn();
    expect(visitors[1]?.isIn).toBe(true);
  });

  test("counts a turn that is ended twice once", async () => {
    const gate = new LoadGate();
    const visitors = [0, 1, 2, 3].map(() => visitor(gate, "cpu"));
    await turn();
    visitors[0]?.leave();
    visitors[0]?.leave();
    await turn();
    expect(visitors.map(({ isIn }) => isIn)).toEqual([true, true, true, false]);
  });

  test("who gives up waiting takes no turn", async () => {
    const gate = new LoadGate();
    const controller = new AbortController();
    const first = visitor(gate, "cpu");
    const second = visitor(gate, "cpu");
    const impatient = visitor(gate, "cpu", controller.signal);
    const last = visitor(gate, "cpu");
    await turn();
    controller.abort();
    await turn();
    expect(impatient.isIn).toBe(true);
    expect(last.isIn).toBe(false);
    impatient.leave();
    await turn();
    expect(last.isIn).toBe(false);
    first.leave();
    second.leave();
    await turn();
    expect(last.isIn).toBe(true);
    expect(await gate.enter("cpu", controller.signal)).toBeTypeOf("function");
  });
});
