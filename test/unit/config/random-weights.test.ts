import { describe, expect, test } from "vitest";
import {
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  LlamaConfig,
} from "../../../ts-client/src/config/index.ts";
import { randomWeights } from "../../../ts-client/src/config/random-weights.ts";

describe("random weights", () => {
  test.each([
    ["instructblip", new InstructBlipConfig()],
    ["vision", new InstructBlipVisionConfig({ hiddenSize: 64 })],
    ["qformer", new InstructBlipQFormerConfig({ hiddenSize: 64 })],
  ] as const)("of a configuration's class make the %s", (model, config) => {
    const made = randomWeights(config);
    expect(made).toMatchObject({ model, seed: 0 });
    expect(JSON.parse(made.config)).toEqual(JSON.parse(config.toJSONString()));
    expect(made.config).not.toContain("\n");
  });

  test("keep fractions fractions: transformers refuses whole numbers for them", () => {
    const { config } = randomWeights(new InstructBlipConfig({ initializerFactor: 1 }));
    expect(config).toMatch(/"initializer_factor": ?1\.0/);
    const dictionary = { ...new InstructBlipConfig().toJSON(), model_type: "instructblip" };
    expect(randomWeights(dictionary).config).toMatch(/"initializer_factor": ?1\.0/);
  });

  test("of a class, of its dictionary and of the same keys in another order are the same", () => {
    const config = new InstructBlipConfig({
      textConfig: new LlamaConfig({ hiddenSize: 64 }),
      extra: { later: 1, also: 2 },
    });
    const { source } = randomWeights(config, 3);
    expect(source).toMatch(/^config:instructblip:[0-9a-f]{16}:seed=3$/);
    const dictionary = JSON.parse(JSON.stringify(config));
    expect(randomWeights(dictionary, 3).source).toBe(source);
    expect(randomWeights(Object.fromEntries(Object.entries(dictionary).reverse()), 3).source).toBe(source);
    expect(randomWeights(dictionary, 4).source).not.toBe(source);
    expect(randomWeights({ ...dictionary, later: 2 }, 3).source).not.toBe(source);
  });

  test.each([
    [undefined, 0, "config"],
    ["opt", 0, "config"],
    [[], 0, "config"],
    [{ hidden_size: 64 }, 0, "config"],
    [new LlamaConfig(), 0, "config"],
    [new InstructBlipConfig(), 0.5, "seed"],
    [new InstructBlipConfig(), -1, "seed"],
    [{ model_type: "constructor" }, 0, "config"],
  ])("are refused for what is no such configuration (%#)", (config, seed, path) => {
    expect(() => randomWeights(config, seed)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path }),
    );
  });

  test("name a wrong field of a dictionary", () => {
    const dictionary = { model_type: "instructblip_vision_model", hidden_size: "wide" };
    expect(() => randomWeights(dictionary)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
