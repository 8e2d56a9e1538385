import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { monotonic } from "../../../ts-client/src/pool/request-entry.ts";
import { SchedulerShell } from "../../../ts-client/src/pool/scheduler-shell.ts";
import type { NewRequest, SchedulerEffect } from "../../../ts-client/src/scheduler/index.ts";

function request(id: string, deadlineMs = 60_000): NewRequest {
  return {
    id,
    modelId: "m",
    batchKey: "",
    rows: 1,
    stream: false,
    priority: 0,
    deadlineAt: monotonic() + deadlineMs,
    queueTimeoutMs: undefined,
    runTimeoutMs: undefined,
    maxRetries: 2,
  };
}

function shell(onEffect: (effect: SchedulerEffect, made: SchedulerShell) => void) {
  const faults: unknown[] = [];
  const effects: SchedulerEffect[] = [];
  const made: SchedulerShell = new SchedulerShell({}, 1, {
    onEffect: (effect) => {
      effects.push(effect);
      onEffect(effect, made);
    },
    onFault: (error) => faults.push(error),
  });
  made.handle({ type: "modelAdded", modelId: "m" });
  return { shell: made, effects, faults };
}

describe("the scheduler's shell", () => {
  test("an effect that throws keeps no other from being performed", () => {
    const broken = new Error("broken");
    const {
      shell: it,
      effects,
      faults,
    } = shell(() => {
      throw broken;
    });
    it.handle({ type: "submit", request: request("a") });
    it.handle({ type: "submit", request: request("b") });
    it.handle({ type: "close" });
    expect(effects.map(({ type }) => type)).toEqual(["prepare", "prepare", "settle", "settle"]);
    expect(faults).toEqual([broken, broken, broken, broken]);
    it.stop();
  });

  test("an event that an effect causes is handled after the effects of the first", () => {
    const { shell: it, effects } = shell((effect, made) => {
      if (effect.type === "prepare") made.handle({ type: "cancel", requestId: effect.requestId });
    });
    it.handle({ type: "submit", request: request("a") });
    expect(effects.map(({ type }) => type)).toEqual(["prepare", "settle"]);
    it.stop();
  });

  test("wakes up for a deadline, and not after it was stopped", async () => {
    const { shell: it, effects } = shell(() => {});
    it.handle({ type: "submit", request: request("a", 20) });
    while (effects.length < 2) await wait(5);
    expect(effects[1]).toMatchObject({ type: "settle", outcome: { code: "DEADLINE_EXCEEDED" } });
    it.handle({ type: "submit", request: request("b", 20) });
    it.stop();
    await wait(60);
    expect(effects.filter(({ type }) => type === "settle")).toHaveLength(1);
  });

  test("a deadline beyond what a timer can wait does not fire at once", async () => {
    const { shell: it, effects } = shell(() => {});
    it.handle({ type: "submit", request: request("a", 2 ** 40) });
    await wait(30);
    expect(effects.map(({ type }) => type)).toEqual(["prepare"]);
    it.stop();
  });
});
