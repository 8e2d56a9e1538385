import { describe, expect, test } from "vitest";
import type { ModelInfo } from "../../../ts-client/src/engine/index.ts";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { resolveDeployment } from "../../../ts-client/src/pool/deployment.ts";
import { ServedModels } from "../../../ts-client/src/pool/served-models.ts";

const deployment = (modelId: string) => resolveDeployment({ source: `scripted:{"tokens":1}`, modelId });
const info = (modelId: string) => ({ modelId }) as ModelInfo;

function serving(...ids: string[]): ServedModels {
  const models = new ServedModels();
  for (const id of ids) models.add(deployment(id));
  return models;
}

describe("the served models", () => {
  test("a request that names none means the only one", () => {
    expect(serving("one").resolve(undefined)).toBe("one");
    expect(() => serving("one", "two").resolve(undefined)).toThrow(/one, two/);
    expect(() => serving().resolve(undefined)).toThrow(/none/);
    expect(() => serving("one").resolve("two")).toThrow(
      expect.objectContaining({ code: "MODEL_NOT_FOUND", message: expect.stringContaining("one") }),
    );
  });

  test("a name is given once", () => {
    expect(() => serving("one").add(deployment("one"))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path: "modelId" }),
    );
  });

  test("waiting ends with the first worker, or with the reason why none comes", async () => {
    const models = serving("one", "two");
    const one = models.untilServed("one");
    const two = models.untilServed("two");
    const trouble = new InstructBlipError("MODEL_LOAD_FAILED", "No weights.");
    Object.assign(models.get("one") ?? {}, { info: info("one") });
    Object.assign(models.get("two") ?? {}, { trouble });
    models.changed();
    expect(await one).toEqual({ modelId: "one" });
    await expect(two).rejects.toBe(trouble);
  });

  test("waiting for a model that is unloaded ends", async () => {
    const models = serving("one");
    const one = models.untilServed("one");
    models.remove("one");
    await expect(one).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  test("waiting ends when the pool is closed, and nothing is taken in after", async () => {
    const models = serving("one");
    const waiting = [models.untilServed("one"), models.until(() => false)];
    models.close();
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "POOL_CLOSED" });
    expect(() => models.add(deployment("two"))).toThrow(expect.objectContaining({ code: "POOL_CLOSED" }));
    expect(() => models.resolve("one")).toThrow(expect.objectContaining({ code: "POOL_CLOSED" }));
  });

  test("a deployment with the same source and settings need not be loaded again", () => {
    const models = serving("one");
    expect(models.equivalent(deployment("other"))).toBe("one");
    expect(models.equivalent(deployment("other"), "one")).toBe("one");
    expect(models.equivalent(deployment("other"), "other")).toBeUndefined();
    const other = resolveDeployment({ source: `scripted:{"tokens":1}`, dtype: "bfloat16" });
    expect(models.equivalent(other)).toBeUndefined();
  });
});
