import { setImmediate } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine, ModelInfo } from "../../../ts-client/src/engine/index.ts";
import type { GenerateCall } from "../../../ts-client/src/model/generate.ts";
import { InstructBlipForConditionalGeneration } from "../../../ts-client/src/model/instructblip-for-conditional-generation.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { type Answerer, bundledAssets, FakeEngine } from "./fake-engine.ts";

const NAME = "tiny-shapes-t5";
const picture = { data: new Uint8Array(4 * 4 * 3).fill(9), width: 4, height: 4, channels: 3 as const };

let processor: InstructBlipProcessor;
beforeAll(async () => {
  processor = await InstructBlipProcessor.fromAssets(bundledAssets(NAME));
});

/** Answers with the prompt's first tokens, one more for each request. */
const growing = (): Answerer => {
  let length = 0;
  return async ({ inputs }) => [[...inputs.inputIds.slice(0, ++length)]];
};
const load = (pool: Engine) => InstructBlipForConditionalGeneration.fromPretrained(NAME, { pool });

describe("fromPretrained", () => {
  const serving = (...served: Partial<ModelInfo>[]) => new FakeEngine(growing(), served);

  it("binds to the deployment with the same source and settings", async () => {
    const pool = serving({ modelId: "half", dtype: "float16" }, { modelId: "whole", dtype: "float32" });
    const model = await InstructBlipForConditionalGeneration.fromPretrained(NAME, { pool, dtype: "float32" });
    expect(model.info.modelId).toBe("whole");
    expect((await load(pool)).info.modelId).toBe("half");
    expect(pool.loaded).toEqual([]);
  });

  it.each([
    { dtype: "bfloat16" as const },
    { quantization: "int8" as const },
    { revision: "main" },
    { modelId: "mine" },
  ])("loads a deployment of its own where none has %o", async (settings) => {
    const pool = serving({});
    await InstructBlipForConditionalGeneration.fromPretrained(NAME, { pool, ...settings });
    expect(pool.loaded).toEqual([{ source: NAME, ...settings }]);
  });

  it("answers a misspelt setting with the right one", async () => {
    const settings = { pool: serving({}), dtyp: "float16" };
    await expect(InstructBlipForConditionalGeneration.fromPretrained(NAME, settings)).rejects.toMatchObject({
      path: "dtyp",
      message: "There is no setting `dtyp`. Did you mean `dtype`?",
    });
  });

  it("asks for a pool", async () => {
    for (const options of [{}, undefined]) {
      await expect(
        InstructBlipForConditionalGeneration.fromPretrained(NAME, options as { pool: Engine }),
      ).rejects.toMatchObject({ code: "INVALID_ARGUMENT", path: "pool" });
    }
  });

  it("knows the checkpoint's configuration", async () => {
    const { config } = await load(serving({}));
    expect(config.textConfig.modelType).toBe("t5");
    expect(config.numQueryTokens).toBe(8);
  });
});

describe("generate", () => {
  it("gives every row's sequence, padded to the longest", async () => {
    const model = await load(new FakeEngine(growing()));
    const inputs = await processor({ images: picture, text: ["What color is the circle?", "What is red?"] });
    const outputs = await model.generate(inputs);
    const [first, second] = [processor.encode("What color is the circle?"), processor.encode("What is red?")];
    expect(outputs).toMatchObject({ dtype: "int64", shape: [2, 3] });
    expect(outputs.toArray()).toEqual([
      [0, first.inputIds[0], 0],
      [0, second.inputIds[0], second.inputIds[1]],
    ]);
  });

  it("sends each row without padding, and the picture once prepared as 8-bit pixels", async () => {
    const pool = new FakeEngine(growing());
    const model = await load(pool);
    const prompts = ["What is red?", "What color is the circle in the picture?"];
    await model.generate(await processor({ images: picture, text: prompts }));
    for (const [row, { inputs }] of pool.jobs.entries()) {
      const alone = processor.encode(prompts[row] ?? "");
      expect([...inputs.inputIds]).toEqual(alone.inputIds);
      expect([...inputs.qformerInputIds]).toEqual(alone.qformerInputIds);
      expect(inputs.image.tensor).toMatchObject({ dtype: "uint8", shape: [224, 224, 3] });
    }
    expect(pool.jobs[0]?.inputs.image).toBe(pool.jobs[1]?.inputs.image);
  });

  it("takes the lengths of transformers 4.37, 19 new tokens when none is given", async () => {
    const pool = new FakeEngine(growing());
    const model = await load(pool);
    const inputs = await processor({ images: picture, text: "x" });
    await model.generate(inputs);
    await model.generate({ ...inputs, maxLength: 256, minLength: 1 });
    await model.generate({ ...inputs, maxNewTokens: 7 });
    expect(pool.jobs.map((job) => job.request.options.max_new_tokens)).toEqual([19, 255, 7]);
  });

  it("takes float32 pixels that were made elsewhere, and the empty prompt", async () => {
    const pool = new FakeEngine(growing());
    const pixelValues = new Tensor("float32", [1, 3, 224, 224], new Float32Array(3 * 224 * 224));
    await (await load(pool)).generate({ pixelValues });
    const { inputs } = pool.jobs[0]!;
    expect(inputs.image.tensor).toMatchObject({ dtype: "float32", shape: [3, 224, 224] });
    expect([...inputs.inputIds]).toEqual(processor.encode("").inputIds);
    expect([...inputs.qformerInputIds]).toEqual(processor.encode("").qformerInputIds);
  });

  it("gives finish reasons and every request's result on request", async () => {
    const model = await load(new FakeEngine(growing()));
    const inputs = await processor({ images: picture, text: ["a", "b"] });
    const output = await model.generate({ ...inputs, returnDictInGenerate: true });
    expect(output.finishReasons).toEqual(["eos", "eos"]);
    expect(output.results.map((result) => result.timings.total)).toEqual([1, 1]);
    expect(output.sequences.shape).toEqual([2, 3]);
  });

  it("cancels the other rows when one fails", async () => {
    const cancelled: unknown[] = [];
    const pool = new FakeEngine(async ({ signal }) => {
      if (pool.jobs.length === 2) throw new Error("worker gone");
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          cancelled.push(signal.reason);
          reject(signal.reason);
        });
      });
    });
    const inputs = await processor({ images: picture, text: ["a", "b"] });
    await expect((await load(pool)).generate(inputs)).rejects.toThrow("worker gone");
    await setImmediate();
    expect(cancelled).toEqual(["another row of the batch failed"]);
  });

  it("asks for inputs", async () => {
    const model = await load(new FakeEngine(growing()));
    await expect(model.generate(undefined as unknown as GenerateCall)).rejects.toMatchObject({
      path: "inputs",
    });
    await expect(model.generate({} as GenerateCall)).rejects.toMatchObject({ path: "pixelValues" });
  });

  it.each<[string, Partial<GenerateCall> & Record<string, unknown>]>([
    ["pixelValue", { pixelValue: 3 }],
    ["returnDictInGenerate", { returnDictInGenerate: 1 as unknown as true }],
    ["requestId", { requestId: "0190a000-0000-7000-8000-000000000000" }],
    ["topP", { topP: 3 }],
  ])("refuses a wrong %s", async (path, wrong) => {
    const model = await load(new FakeEngine(growing()));
    const inputs = await processor({ images: picture, text: "a" });
    await expect(
      model.generate({ ...inputs, ...wrong } as GenerateCall & { returnDictInGenerate: true }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path,
    });
  });
});
