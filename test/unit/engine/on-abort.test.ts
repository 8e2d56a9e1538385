import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { onAbort } from "../../../ts-client/src/engine/index.ts";

describe("listening to a caller's signal", () => {
  test("calls back once, with its reason", () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    onAbort(controller.signal, (reason) => reasons.push(reason));
    controller.abort("enough");
    controller.abort("more");
    expect(reasons).toEqual(["enough"]);
  });

  test("calls back for a signal that has fired already, but not before the call returns", async () => {
    const reasons: unknown[] = [];
    onAbort(AbortSignal.abort("early"), (reason) => reasons.push(reason));
    expect(reasons).toEqual([]);
    await turn();
    expect(reasons).toEqual(["early"]);
  });

  test("stops when it is told to, and wants an AbortSignal", () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    onAbort(controller.signal, (reason) => reasons.push(reason))();
    controller.abort();
    expect(reasons).toEqual([]);
    expect(() => onAbort({} as AbortSignal, () => {})).toThrow(expect.objectContaining({ path: "signal" }));
  });
});
