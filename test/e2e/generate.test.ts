import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  Tensor,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import { twoShapes } from "../support/pictures.ts";

const prompts = ["What color is the circle?", "Describe the image.", ""];

describe.each(["tiny-shapes-t5", "tiny-shapes-llama"])("generate with %s", (name) => {
  let pool: WorkerPool;
  let model: InstructBlipForConditionalGeneration;
  let processor: InstructBlipProcessor;
  let image: Uint8Array;
  beforeAll(async () => {
    pool = await WorkerPool.start({ model: name, logLevel: "error" });
    model = await InstructBlipForConditionalGeneration.fromPretrained(name, { pool });
    processor = await InstructBlipProcessor.fromPretrained({ pool });
    image = await twoShapes();
  });
  afterAll(() => pool?.close());

  /** A row without the padding at its end. */
  const unpadded = (row: Tensor<"int64">) => {
    const ids = Array.from(row.data, Number);
    return ids.slice(0, ids.findLastIndex((id) => id !== model.info.padTokenId) + 1);
  };

  it("binds to the deployment that runs, and knows its configuration", async () => {
    expect((await pool.models()).map((info) => info.modelId)).toEqual([name]);
    expect(model.info.modelId).toBe(name);
    expect(model.config.visionConfig.imageSize).toBe(model.info.imageSize);
  });

  it("answers every row of a batch as it answers that row alone", async () => {
    const options = { maxNewTokens: 12 };
    const outputs = await model.generate({
      ...(await processor({ images: image, text: prompts })),
      ...options,
    });
    expect(outputs.dtype).toBe("int64");
    expect(outputs.shape[0]).toBe(prompts.length);
    for (const [row, text] of prompts.entries()) {
      const alone = await model.generate({ ...(await processor({ images: image, text })), ...options });
      expect(unpadded(outputs.slice(row))).toEqual(unpadded(alone.slice(0)));
    }
  });

  it("leads every row with the start token and never returns the prompt", async () => {
    const inputs = await processor({ images: image, text: prompts });
    const { sequences, finishReasons, results } = await model.generateDetailed({
      ...inputs,
      maxLength: 5,
      minLength: 5,
    });
    expect(sequences.shape).toEqual([3, 5]);
    for (let row = 0; row < 3; row++)
      expect(Number(sequences.at(row, 0).item())).toBe(model.info.startTokenId);
    expect(finishReasons).toEqual(["length", "length", "length"]);
    expect(results).toHaveLength(3);
  });

  it("takes float32 pixels for the same answer", async () => {
    const inputs = await processor({ images: image, text: prompts[1] ?? "" });
    const { shape, data } = inputs.pixelValues;
    const pixelValues = new Tensor("float32", shape, data);
    const options = { maxNewTokens: 12 };
    const [fromPixels, fromFloats] = await Promise.all([
      model.generate({ ...inputs, ...options }),
      model.generate({ ...inputs, pixelValues, ...options }),
    ]);
    expect(fromFloats.toArray()).toEqual(fromPixels.toArray());
  });

  it("returns as many rows as answers were asked for", async () => {
    const inputs = await processor({ images: image, text: prompts.slice(0, 2) });
    const outputs = await model.generate({ ...inputs, numBeams: 3, numReturnSequences: 2, maxLength: 10 });
    expect(outputs.shape[0]).toBe(4);
    const greedy = await model.generate({ ...inputs, numBeams: 3, maxLength: 10 });
    expect(unpadded(outputs.slice(0))).toEqual(unpadded(greedy.slice(0)));
    expect(unpadded(outputs.slice(2))).toEqual(unpadded(greedy.slice(1)));
  });
});
