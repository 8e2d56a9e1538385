import { describe, expect, it } from "vitest";
import {
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  loadImage,
  WorkerPool,
} from "../../ts-client/src/index.ts";

/** transformers' example for this model, line by line. */
describe.each(["tiny-shapes-t5", "tiny-shapes-llama"])("transformers' example with %s", (name) => {
  it("answers the question about the picture", async () => {
    await using pool = await WorkerPool.start({ model: name, logLevel: "error" });
    const model = await InstructBlipForConditionalGeneration.fromPretrained(name, { pool });
    const processor = await InstructBlipProcessor.fromPretrained(name);

    const image = await loadImage(new URL("../../examples/pictures/three.png", import.meta.url));
    const prompt = "What color is the circle?";
    const inputs = await processor({ images: image, text: prompt });

    const outputs = await model.generate({
      ...inputs,
      doSample: false,
      numBeams: 5,
      maxLength: 256,
      minLength: 1,
      topP: 0.9,
      repetitionPenalty: 1.5,
      lengthPenalty: 1.0,
      temperature: 1,
    });
    const generatedText = processor.batchDecode(outputs, { skipSpecialTokens: true })[0]?.trim();
    expect(generatedText).toBe("red");
  });
});
