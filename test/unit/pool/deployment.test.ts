import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { InstructBlipConfig, T5Config } from "../../../ts-client/src/config/index.ts";
import type { DeploymentSpec } from "../../../ts-client/src/engine/index.ts";
import { resolveDeployment, serves } from "../../../ts-client/src/pool/deployment.ts";

const folder = mkdtempSync(path.join(tmpdir(), "checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a deployment's source", () => {
  test("is bundled, a folder, a hub repository or a script", () => {
    expect(resolveDeployment({ source: "tiny-shapes-t5" }).load.source).toMatchObject({ kind: "folder" });
    expect(resolveDeployment({ source: folder }).load.source).toEqual({ kind: "folder", path: folder });
    const hub = {
      source: "Salesforce/instructblip-vicuna-7b",
      revision: "abc",
      offline: true,
      cacheDir: "x",
    };
    expect(resolveDeployment(hub).load.source).toEqual({
      kind: "hub",
      repo: "Salesforce/instructblip-vicuna-7b",
      revision: "abc",
      offline: true,
      cache_dir: path.resolve("x"),
    });
    expect(resolveDeployment({ source: "scripted:{}" }).load.source).toEqual({
      kind: "scripted",
      script: "{}",
    });
  });

  test.each(["nonsense", "/no/such/folder", "a/b/c", "../x", "https://example.com/model"])(
    "%s is not found, and the message says what there is",
    (source) => {
      expect(() => resolveDeployment({ source })).toThrow(
        expect.objectContaining({
          code: "MODEL_NOT_FOUND",
          message: expect.stringMatching(/tiny-shapes-t5.*hub repository/),
        }),
      );
    },
  );

  test("gives the deployment its name, unless it has one", () => {
    expect(resolveDeployment({ source: "Salesforce/instructblip-flan-t5-xl" }).modelId).toBe(
      "instructblip-flan-t5-xl",
    );
    expect(resolveDeployment({ source: "scripted:{}" }).modelId).toBe("scripted");
    expect(resolveDeployment({ source: "scripted:{}", modelId: "mine" }).load.model_id).toBe("mine");
  });

  test("that a worker could not read is refused here: it would wait for another in vain", () => {
    const source = `scripted:${" ".repeat(5000)}`;
    expect(() => resolveDeployment({ source })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path: "model.source.script" }),
    );
  });
});

describe("the hub's token", () => {
  test("is for the worker's environment alone", () => {
    const deployment = resolveDeployment({ source: "someone/tiny", token: "hf_secret" });
    expect(deployment.environment).toEqual({ HF_TOKEN: "hf_secret" });
    expect(JSON.stringify(deployment.load)).not.toContain("hf_secret");
    expect(resolveDeployment({ source: "someone/tiny" }).environment).toEqual({});
    expect(serves(deployment, resolveDeployment({ source: "someone/tiny" }))).toBe(true);
  });

  test.each(["", "two words hf_secret", "hf_secret\n", 7, null, { hf_secret: 1 }])(
    "that is none is refused without being shown: %j",
    (token) => {
      const spec = { source: "someone/tiny", token } as unknown as DeploymentSpec;
      expect(() => resolveDeployment(spec)).toThrow(
        expect.objectContaining({ path: "model.token", message: expect.not.stringContaining("secret") }),
      );
    },
  );

  test("is not shown when something else is wrong", () => {
    const spec = { source: "someone/tiny", token: "hf_secret", workers: 0 };
    expect(() => resolveDeployment(spec)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hf_secret") }),
    );
  });
});

describe("random weights", () => {
  const config = new InstructBlipConfig({ textConfig: new T5Config({ dModel: 64 }) });

  test("are made from a configuration in place of a source", () => {
    const { modelId, source, load } = resolveDeployment({ config, seed: 7 });
    expect(source).toMatch(/^config:instructblip:[0-9a-f]{16}:seed=7$/);
    expect(modelId).toBe(source.slice("config:".length).replace(/[:=]/g, "-"));
    expect(load.source).toMatchObject({ kind: "config", model: "instructblip", seed: 7 });
  });

  test("of equal configurations and seeds are one deployment", () => {
    const one = resolveDeployment({ config });
    const fromClient = JSON.parse(JSON.stringify({ config }));
    expect(serves(one, resolveDeployment(fromClient))).toBe(true);
    expect(serves(one, resolveDeployment({ config, seed: 0 }))).toBe(true);
    expect(serves(one, resolveDeployment({ config, seed: 1 }))).toBe(false);
    expect(serves(one, resolveDeployment({ config: new InstructBlipConfig() }))).toBe(false);
    expect(serves(one, resolveDeployment({ config, dtype: "float16" }))).toBe(false);
    expect(serves(one, resolveDeployment({ source: "tiny-shapes-t5" }))).toBe(false);
  });

  test.each([
    [{ config, source: "tiny-shapes-t5" }, "model.source", /left out where there is a `config`/],
    [{}, "model.source", /given, or `config` in its place/],
    [{ source: "tiny-shapes-t5", seed: 1 }, "model.seed", /it goes with `config`/],
    [{ config, seed: -1 }, "model.seed", /the number -1/],
    [{ config: { ...config.toJSON(), padding: "x".repeat(17_000) } }, "model.source.config", /16384/],
  ])("are refused for wrong fields (%#)", (spec, path, message) => {
    expect(() => resolveDeployment(spec as DeploymentSpec)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path, message: expect.stringMatching(message) }),
    );
  });
});

describe("a deployment's fields", () => {
  test("have defaults", () => {
    const { workers, devices, load } = resolveDeployment({ source: "scripted:{}" });
    expect({ workers, devices }).toEqual({ workers: 1, devices: ["auto"] });
    expect(load).toMatchObject({ dtype: "auto", quantization: "none", slots: 8 });
    expect(load.threads).toBeGreaterThan(0);
    expect(resolveDeployment({ source: "scripted:{}", devices: ["cuda:1"] }).load).toMatchObject({
      slots: 16,
      threads: 0,
    });
  });

  test.each([
    [{ workers: 0 }, "model.workers", /expected number to be >=1, but the number 0 was given/],
    [{ workers: "2" }, "model.workers", /expected number, but the string "2" was given/],
    [{ workers: 1.5 }, "model.workers", /expected int, but the number 1.5/],
    [{ dtype: "float8" }, "model.dtype", /expected one of "auto".*but the string "float8"/],
    [
      { devices: ["gpu"] },
      "model.devices.0",
      /expected auto, cpu, cuda, cuda:N or mps, but the string "gpu"/,
    ],
    [{ devices: [] }, "model.devices", /expected array to have >=1 items, but an array of 0 items/],
    [{ modelId: "a b" }, "model.modelId", /expected 1 to 128 letters.*but the string "a b"/],
    [{ source: 7 }, "model.source", /expected string, but the number 7/],
    [{ sauce: 1 }, "model.sauce", /no option `model.sauce`/],
  ])("that are wrong are named, with what was expected and what came: %j", (fields, where, message) => {
    const spec = { source: "scripted:{}", ...fields } as never;
    expect(() => resolveDeployment(spec)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        path: where,
        message: expect.stringMatching(message),
      }),
    );
  });
});

test("a deployment serves another's wish when source, numbers and quantisation are the same", () => {
  const one = resolveDeployment({ source: "scripted:{}", workers: 3, modelId: "one" });
  expect(serves(one, resolveDeployment({ source: "scripted:{}" }))).toBe(true);
  expect(serves(one, resolveDeployment({ source: "scripted:{} " }))).toBe(false);
  expect(serves(one, resolveDeployment({ source: "scripted:{}", quantization: "int8" }))).toBe(false);
});
