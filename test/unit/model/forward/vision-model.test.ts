import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { InstructBlipConfig, InstructBlipVisionConfig } from "../../../../ts-client/src/config/index.ts";
import { InstructBlipVisionModel } from "../../../../ts-client/src/model/index.ts";
import { Tensor } from "../../../../ts-client/src/tensor/index.ts";
import { PassEngine } from "./pass-engine.ts";
import { floats } from "./tensors.ts";

type Call = Parameters<InstructBlipVisionModel["forward"]>[0];

const NAME = "tiny-shapes-t5";
const pixelValues = floats([2, 3, 224, 224]);

let pool: PassEngine;
let model: InstructBlipVisionModel;
beforeEach(async () => {
  pool = new PassEngine();
  model = await InstructBlipVisionModel.fromPretrained(NAME, { pool });
});

describe("a vision model", () => {
  it("is a view of the whole model's deployment, with its part of the configuration", () => {
    expect(pool.loaded).toEqual([]);
    expect(model.info.modelId).toBe(NAME);
    expect(model.config).toBeInstanceOf(InstructBlipVisionConfig);
    expect(model.config.imageSize).toBe(224);
  });

  it("of random weights is made from its configuration and a seed", async () => {
    const config = new InstructBlipVisionConfig({ numHiddenLayers: 2 });
    const made = await InstructBlipVisionModel.fromConfig(config, { pool, seed: 7, threads: 1 });
    expect(pool.loaded).toEqual([{ config, seed: 7, threads: 1 }]);
    expect(made.config).toBe(config);
    const json = config.toJSON() as never;
    expect((await InstructBlipVisionModel.fromConfig(json, { pool })).config.toJSON()).toEqual(json);
  });

  it("is not made from another configuration, nor with a setting of checkpoints", async () => {
    const whole = new InstructBlipConfig() as never;
    await expect(InstructBlipVisionModel.fromConfig(whole, { pool })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "config",
      message: expect.stringContaining("holds it as a part"),
    });
    const config = new InstructBlipVisionConfig();
    const settings = { pool, revision: "main" };
    await expect(InstructBlipVisionModel.fromConfig(config, settings)).rejects.toMatchObject({
      path: "revision",
    });
  });

  it("says what to use in place of its constructor", () => {
    const Class = InstructBlipVisionModel as unknown as new (config: unknown) => unknown;
    expect(() => new Class(new InstructBlipVisionConfig())).toThrow(
      /InstructBlipVisionModel\.fromConfig\(config/,
    );
  });
});

describe("its forward pass", () => {
  it("asks for what transformers returns, in float32", async () => {
    const found = await model.forward({ pixelValues });
    expectTypeOf(found).toEqualTypeOf<{
      readonly lastHiddenState: Tensor<"float32">;
      readonly poolerOutput: Tensor<"float32">;
    }>();
    expect(Object.keys(found)).toEqual(["lastHiddenState", "poolerOutput"]);
    expect(pool.passes).toMatchObject([
      {
        op: "visionForward",
        modelId: NAME,
        options: { outputs: ["last_hidden_state", "pooler_output"], output_dtype: "f32" },
      },
    ]);
    expect(pool.passes[0]?.options).not.toHaveProperty("interpolate_pos_encoding");
    expect(pool.passes[0]?.inputs).toEqual({ pixel_values: pixelValues });
  });

  it("asks for states and attentions of every layer on request", async () => {
    const found = await model.forward({ pixelValues, outputHiddenStates: true, outputAttentions: true });
    expectTypeOf(found.hiddenStates).toEqualTypeOf<Tensor<"float32">>();
    expect(Object.keys(found)).toEqual(["lastHiddenState", "poolerOutput", "hiddenStates", "attentions"]);
    // @ts-expect-error: not asked for
    expect((await model.forward({ pixelValues, outputAttentions: true })).hiddenStates).toBeUndefined();
  });

  it("asks for them where the configuration says so", async () => {
    const config = new InstructBlipVisionConfig({ outputHiddenStates: true, returnDict: false });
    const talkative = await InstructBlipVisionModel.fromConfig(config, { pool });
    expect(await talkative.forward({ pixelValues })).toHaveLength(3);
    expect(
      Object.keys(await talkative.forward({ pixelValues, returnDict: true, outputHiddenStates: false })),
    ).toHaveLength(2);
  });

  it("asks for nothing but what is picked, and says so in its type", async () => {
    const found = await model.forward({ pixelValues, outputs: ["hiddenStates"], outputDtype: "bfloat16" });
    expectTypeOf(found).toEqualTypeOf<{ readonly hiddenStates: Tensor<"bfloat16"> }>();
    expect(Object.keys(found)).toEqual(["hiddenStates"]);
    expect(pool.passes[0]?.options).toEqual({ outputs: ["hidden_states"], output_dtype: "bf16" });
  });

  it("gives a tuple in transformers' order", async () => {
    const outputs = ["attentions", "lastHiddenState"] as const;
    const [last, attentions] = await model.forward({ pixelValues, outputs, returnDict: false });
    expect([last, attentions]).toMatchObject([{ shape: [0] }, { shape: [1] }]);
    expect(pool.passes[0]?.options.outputs).toEqual(["last_hidden_state", "attentions"]);
  });

  it("sends the processor's 8-bit pixels in the place of its floats", async () => {
    const pixels = new Tensor("uint8", [2, 224, 224, 3], new Uint8Array(pixelValues.size));
    const lazy = Object.assign(
      new Tensor("float32", pixelValues.shape, () => {
        throw new Error("made");
      }),
      { pixels, arePixelsEnough: true },
    );
    await model.forward({ pixelValues: lazy });
    expect(pool.passes[0]?.inputs).toEqual({ pixel_values: pixels });
  });

  it("takes pictures of other sizes where their positions are interpolated", async () => {
    await model.forward({ pixelValues: floats([1, 3, 112, 448]), interpolatePosEncoding: true });
    expect(pool.passes[0]?.options.interpolate_pos_encoding).toBe(true);
  });

  it("passes the options of a call on", async () => {
    const requestId = "0190a000-0000-7000-8000-000000000000";
    await model.forward({ pixelValues, requestId, priority: 3, deadlineMs: 5 });
    expect(pool.passes[0]?.call).toEqual({ requestId, priority: 3, deadlineMs: 5 });
  });

  it.each<[string, unknown]>([
    ["inputs", undefined],
    ["pixelValues", {}],
    ["pixelValues", { pixelValues: [1, 2] }],
    ["pixelValues", { pixelValues: new Tensor("uint8", [1, 224, 224, 3], new Uint8Array(224 * 224 * 3)) }],
    ["pixelValues", { pixelValues: floats([3, 224, 224]) }],
    ["pixelValues", { pixelValues: floats([0, 3, 224, 224]) }],
    ["pixelValues", { pixelValues: floats([1, 3, 223, 224]) }],
    ["pixelValues", { pixelValues: floats([1, 3, 224, 900]), interpolatePosEncoding: true }],
    ["pixelValues", { pixelValues: floats([1, 3, 7, 224]), interpolatePosEncoding: true }],
    ["pixelValues", { pixelValues: floats([1, 3, 224, 224], Number.NaN) }],
    [
      "pixelValues.pixels",
      {
        pixelValues: Object.assign(floats([1, 3, 224, 224]), { pixels: floats([1]), arePixelsEnough: true }),
      },
    ],
    ["interpolatePosEncoding", { pixelValues, interpolatePosEncoding: 1 }],
    ["outputHiddenStates", { pixelValues, outputHiddenStates: "yes" }],
    ["outputAttentions", { pixelValues, outputs: ["attentions"], outputAttentions: true }],
    ["returnDict", { pixelValues, returnDict: 0 }],
    ["outputDtype", { pixelValues, outputDtype: "f32" }],
    ["outputs", { pixelValues, outputs: [] }],
    ["outputs[1]", { pixelValues, outputs: ["attentions", "pooler"] }],
    ["outputs[0]", { pixelValues, outputs: [3] }],
    ["priority", { pixelValues, priority: 1000 }],
    ["inputIds", { pixelValues, inputIds: 1 }],
  ])("refuses a wrong %s before anything is sent", async (path, call) => {
    await expect(model.forward(call as Call)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path });
    expect(pool.passes).toEqual([]);
  });

  it.each([
    [{ pixelValue: 1 }, "`pixelValues`"],
    [{ pixelValues, output_hidden_states: true }, "`outputHiddenStates`"],
    [{ pixelValues, outputs: ["last_hidden_state"] }, "`lastHiddenState`"],
    [{ pixelValues, outputs: ["hidenStates"] }, "`hiddenStates`"],
  ])("answers a misspelt name with the right one", async (call, right) => {
    await expect(model.forward(call as never)).rejects.toThrow(`Did you mean ${right}?`);
  });

  it("refuses more than a message holds", async () => {
    await expect(model.forward({ pixelValues: floats([112, 3, 224, 224]) })).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });

  it("does not pass an answer on from which a tensor is missing", async () => {
    const pool = new PassEngine({ withhold: ["pooler_output"] });
    const model = await InstructBlipVisionModel.fromPretrained(NAME, { pool });
    await expect(model.forward({ pixelValues })).rejects.toMatchObject({ code: "OUTPUT_INVALID" });
  });
});
