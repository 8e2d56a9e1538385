import { describe, expect, test } from "vitest";
import { EventHub } from "../../../ts-client/src/pool/event-hub.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe("the event hub", () => {
  test("a listener that throws is logged, and the others are still told", () => {
    const errors: string[] = [];
    const hub = new EventHub({ ...silent, error: (line) => errors.push(line) });
    const heard: string[] = [];
    hub.on("requestFailed", () => {
      throw new Error("mine");
    });
    hub.on("requestFailed", ({ code }) => heard.push(code));
    hub.emit("requestFailed", { requestId: "r", code: "INTERNAL" });
    expect(heard).toEqual(["INTERNAL"]);
    expect(errors).toEqual([expect.stringContaining("mine")]);
  });

  test("a listener that was disposed of hears nothing, also when that happens during an event", () => {
    const hub = new EventHub(silent);
    let heard = 0;
    const second = { dispose: () => {} };
    hub.on("closed", () => second.dispose());
    const listener = hub.on("closed", () => {
      heard += 1;
    });
    second.dispose = () => listener[Symbol.dispose]();
    hub.emit("closed", {});
    hub.emit("closed", {});
    expect(heard).toBe(0);
  });
});
