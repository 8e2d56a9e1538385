import { describe, expect, test } from "vitest";
import { resolvePoolOptions } from "../../../ts-client/src/pool/options.ts";
import { DEFAULT_LIVENESS } from "../../../ts-client/src/pool/supervisor/liveness.ts";
import { DEFAULT_RESTART } from "../../../ts-client/src/pool/supervisor/restart-policy.ts";

describe("the options of a pool", () => {
  test("serve the bundled model when nothing is said", () => {
    const options = resolvePoolOptions({});
    expect(options.deployments.map(({ modelId }) => modelId)).toEqual(["tiny-shapes-t5"]);
    expect(options).toMatchObject({ ready: "first", setup: false, helloTimeoutMs: 60_000 });
    expect(options.restart).toEqual(DEFAULT_RESTART);
    expect(options.liveness).toEqual(DEFAULT_LIVENESS);
  });

  test("a deployment's fields may stand beside the model, and what stands in it counts more", () => {
    const beside = resolvePoolOptions({ model: "scripted:{}", workers: 3, slots: 2 });
    expect(beside.deployments[0]).toMatchObject({ workers: 3, load: { slots: 2 } });
    const both = resolvePoolOptions({ model: { source: "scripted:{}", workers: 5 }, workers: 3, slots: 2 });
    expect(both.deployments[0]).toMatchObject({ workers: 5, load: { slots: 2 } });
    const several = resolvePoolOptions({
      models: [{ source: "scripted:{}" }, { source: "scripted:{}", modelId: "b", workers: 1 }],
      workers: 2,
    });
    expect(several.deployments.map(({ workers }) => workers)).toEqual([2, 1]);
  });

  test("what is undefined counts as not given", () => {
    const options = resolvePoolOptions({
      model: "scripted:{}",
      workers: undefined,
      restart: undefined,
    } as never);
    expect(options.deployments[0]?.workers).toBe(1);
    const restart = { maxRestarts: undefined, windowMs: 5 } as never;
    expect(resolvePoolOptions({ restart }).restart).toEqual({ ...DEFAULT_RESTART, windowMs: 5 });
  });

  test.each([
    [{ workers: 0 }, "workers", /`workers` is wrong: expected number to be >=1, but the number 0/],
    [{ model: { source: "scripted:{}", workers: 0 } }, "model.workers", /but the number 0/],
    [{ models: [{ source: "scripted:{}" }, { source: "nope nope" }] }, "source", /no model "nope nope"/],
    [{ models: [{ source: "scripted:{}", slots: -1 }] }, "models.0.slots", /but the number -1/],
    [{ models: [] }, "models", /an array of 0 items/],
    [{ ready: "some" }, "ready", /expected one of "first"\|"all"\|"none", but the string "some"/],
    [{ restart: { maxRestarts: -1 } }, "restart.maxRestarts", /but the number -1/],
    [{ restart: { often: 1 } }, "restart.often", /no option `restart.often`/],
    [{ liveness: { beatMs: 1 } }, "liveness.beatMs", />=10, but the number 1/],
    [{ maxQueue: 0 }, "maxQueue", />=1, but the number 0/],
    [{ loadTimeoutMs: Number.NaN }, "loadTimeoutMs", /but the number NaN/],
    [{ wrokers: 2 }, "wrokers", /no option `wrokers`/],
    [{ model: 7 }, "model", /but the number 7/],
    [{ logLevel: "loud" }, "logLevel", /but the string "loud"/],
  ])("that are wrong are named: %j", (options, path, message) => {
    expect(() => resolvePoolOptions(options as never)).toThrow(
      expect.objectContaining({ path, message: expect.stringMatching(message) }),
    );
  });

  test("two deployments of one name, and `model` beside `models`, are refused", () => {
    const twice = [{ source: "scripted:{}" }, { source: "scripted:{} " }];
    expect(() => resolvePoolOptions({ models: twice })).toThrow(/Two deployments are called "scripted"/);
    expect(() => resolvePoolOptions({ model: "scripted:{}", models: twice })).toThrow(/not both/);
  });
});
