import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { InstructBlipQFormerModel } from "../../../../ts-client/src/model/index.ts";
import { Tensor } from "../../../../ts-client/src/tensor/index.ts";
import { PassEngine } from "./pass-engine.ts";
import { floats, ids } from "./tensors.ts";

type Call = Parameters<InstructBlipQFormerModel["forward"]>[0];

let pool: PassEngine;
let model: InstructBlipQFormerModel;
let width: number;
let inputs: {
  inputIds: Tensor<"int64">;
  queryEmbeds: Tensor<"float32">;
  encoderHiddenStates: Tensor<"float32">;
};
beforeEach(async () => {
  pool = new PassEngine();
  model = await InstructBlipQFormerModel.fromPretrained("tiny-shapes-t5", { pool });
  width = model.config.hiddenSize;
  inputs = {
    inputIds: ids([2, 5]),
    queryEmbeds: floats([2, 8, width]),
    encoderHiddenStates: floats([1, 17, model.config.encoderHiddenSize]),
  };
});

describe("a Q-Former's forward pass", () => {
  it("sends what it was given, by transformers' names", async () => {
    const all = {
      ...inputs,
      attentionMask: ids([2, 13]),
      positionIds: ids([2, 5], 3),
      encoderAttentionMask: new Tensor("bool", [1, 17], new Uint8Array(17)),
    };
    const found = await model.forward({ ...all, useCache: false });
    expectTypeOf(found).toEqualTypeOf<{
      readonly lastHiddenState: Tensor<"float32">;
      readonly poolerOutput: Tensor<"float32">;
    }>();
    expect(pool.passes[0]).toMatchObject({
      op: "qformerForward",
      options: { outputs: ["last_hidden_state", "pooler_output"] },
    });
    expect(pool.passes[0]?.inputs).toEqual({
      input_ids: all.inputIds,
      attention_mask: all.attentionMask,
      position_ids: all.positionIds,
      query_embeds: all.queryEmbeds,
      encoder_hidden_states: all.encoderHiddenStates,
      encoder_attention_mask: all.encoderAttentionMask,
    });
  });

  it("gives cross-attentions apart from attentions", async () => {
    const found = await model.forward({ ...inputs, outputAttentions: true });
    expect(Object.keys(found)).toEqual(["lastHiddenState", "poolerOutput", "attentions", "crossAttentions"]);
  });

  it("has no cross-attentions where only text is read", async () => {
    const found = await model.forward({ inputIds: inputs.inputIds, outputAttentions: true });
    expect(Object.keys(found)).toEqual(["lastHiddenState", "poolerOutput", "attentions"]);
    const call = { inputIds: inputs.inputIds, outputs: ["crossAttentions"] as const };
    await expect(model.forward(call)).rejects.toMatchObject({
      path: "queryEmbeds",
      message: expect.stringContaining("`crossAttentions`"),
    });
  });

  it("takes queries without text", async () => {
    const { inputIds: _, ...others } = inputs;
    await model.forward({ ...others, encoderHiddenStates: floats([2, 17, model.config.encoderHiddenSize]) });
    expect(Object.keys(pool.passes[0]?.inputs ?? {})).toEqual(["query_embeds", "encoder_hidden_states"]);
  });

  it.each([
    ["headMask", floats([1]), /no head masks/],
    ["pastKeyValues", [], /all of `inputIds`/],
    ["useCache", true, /Leave it out/],
  ])("says why %s cannot be run", async (path, value, why) => {
    const failed = model.forward({ ...inputs, [path]: value } as Call);
    await expect(failed).rejects.toMatchObject({
      code: "UNSUPPORTED",
      path,
      message: expect.stringMatching(why),
    });
    expect(pool.passes).toEqual([]);
  });

  it.each<[string, () => object]>([
    ["inputIds", () => ({})],
    ["inputIds", () => ({ ...inputs, inputIds: floats([2, 5]) })],
    ["inputIds", () => ({ ...inputs, inputIds: ids([5]) })],
    ["inputIds", () => ({ ...inputs, inputIds: ids([2, 5], 1e6) })],
    ["inputIds", () => ({ ...inputs, inputIds: ids([2, 5], -1) })],
    ["inputIds", () => ({ inputIds: ids([1, model.config.maxPositionEmbeddings + 1]) })],
    ["queryEmbeds", () => ({ ...inputs, queryEmbeds: floats([2, 8, width + 1]) })],
    ["queryEmbeds", () => ({ ...inputs, queryEmbeds: floats([3, 8, width]) })],
    ["encoderHiddenStates", () => ({ ...inputs, encoderHiddenStates: undefined })],
    ["encoderHiddenStates", () => ({ ...inputs, encoderHiddenStates: floats([1, 17, 3]) })],
    [
      "encoderHiddenStates",
      () => ({ ...inputs, encoderHiddenStates: floats([3, 17, model.config.encoderHiddenSize]) }),
    ],
    ["encoderHiddenStates", () => ({ ...inputs, queryEmbeds: undefined })],
    ["attentionMask", () => ({ ...inputs, attentionMask: ids([2, 5]) })],
    ["attentionMask", () => ({ ...inputs, attentionMask: ids([2, 13], 2) })],
    ["positionIds", () => ({ ...inputs, positionIds: ids([2, 4]) })],
    ["positionIds", () => ({ ...inputs, positionIds: ids([2, 5], 512) })],
    ["encoderAttentionMask", () => ({ ...inputs, encoderAttentionMask: ids([2, 16]) })],
    ["encoderAttentionMask", () => ({ inputIds: inputs.inputIds, encoderAttentionMask: ids([2, 16]) })],
    ["pixelValues", () => ({ ...inputs, pixelValues: 1 })],
  ])("refuses a wrong %s before anything is sent", async (path, call) => {
    await expect(model.forward(call() as Call)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path });
    expect(pool.passes).toEqual([]);
  });
});
