import { describe, expect, test } from "vitest";
import type { Engine } from "../../../ts-client/src/engine/index.ts";
import { runAdmin } from "../../../ts-client/src/front/admin.ts";

function engine() {
  const calls: unknown[][] = [];
  const note =
    (name: string, result?: unknown) =>
    async (...args: unknown[]) => {
      calls.push([name, ...args]);
      return result;
    };
  const made = {
    models: note("models", [{ modelId: "m" }]),
    stats: note("stats", { clients: 0, uptimeMs: 5 }),
    load: note("load", { modelId: "m" }),
    unload: note("unload"),
    drain: note("drain"),
  };
  return { calls, engine: made as unknown as Engine };
}

const facts = { clients: 3 };

describe("what a client asks of the pool itself", () => {
  test("reaches the engine", async () => {
    const { calls, engine: it } = engine();
    expect(await runAdmin(it, "models", undefined, facts)).toEqual([{ modelId: "m" }]);
    expect(await runAdmin(it, "stats", undefined, facts)).toEqual({ clients: 3, uptimeMs: 5 });
    await runAdmin(it, "load", '{"source":"scripted:{}","workers":2}', facts);
    await runAdmin(it, "unload", '{"modelId":"m"}', facts);
    await runAdmin(it, "drain", '{"graceMs":5}', facts);
    await runAdmin(it, "drain", undefined, facts);
    expect(await runAdmin(it, "stop", undefined, facts)).toBeNull();
    expect(calls.slice(2)).toEqual([
      ["load", { source: "scripted:{}", workers: 2 }],
      ["unload", "m"],
      ["drain", { graceMs: 5 }],
      ["drain", {}],
    ]);
  });

  test.each([
    ["load", "not json", "args"],
    ["unload", "{}", "args.modelId"],
    ["unload", "7", "args"],
    ["drain", '{"graceMs":-1}', "args.graceMs"],
  ] as const)("%s with %s is refused, and the field named", async (action, args, path) => {
    const { calls, engine: it } = engine();
    await expect(runAdmin(it, action, args, facts)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path });
    expect(calls).toEqual([]);
  });
});
