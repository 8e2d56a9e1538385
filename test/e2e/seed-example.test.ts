import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  loadImage,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import { runPython } from "../support/python.ts";

const CHECKPOINTS = ["tiny-shapes-t5", "tiny-shapes-llama"] as const;
const QUESTIONS = [
  ["three.png", "What color is the circle?"],
  ["three.png", "Describe the image."],
  ["stars.jpg", "How many stars are there?"],
  ["stars.jpg", "Describe the image."],
] as const;

let expected: readonly (readonly { readonly tokens: readonly number[]; readonly text: string }[])[];

beforeAll(async () => {
  const folders = CHECKPOINTS.map((name) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url)));
  const questions = QUESTIONS.map(([picture, prompt]) => [fileURLToPath(pictureUrl(picture)), prompt]);
  const args = [folders, questions].map((value) => JSON.stringify(value));
  expected = JSON.parse((await runPython("e2e/seed_example.py", args)).trim().split("\n").at(-1) ?? "");
});

/** transformers' example for this model, line by line. */
describe.each(CHECKPOINTS.map((name, i) => [name, i] as const))(
  "transformers' example with %s",
  (name, i) => {
    it("gives the tokens and the text that it gives in Python", async () => {
      await using pool = await WorkerPool.start({ model: name, logLevel: "error" });
      const model = await InstructBlipForConditionalGeneration.fromPretrained(name, { pool });
      const processor = await InstructBlipProcessor.fromPretrained(name);

      for (const [j, [picture, prompt]] of QUESTIONS.entries()) {
        const image = await loadImage(pictureUrl(picture));
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
        const [, ...tokens] = outputs.slice(0).toArray() as number[];
        expect({ tokens, text: generatedText }).toEqual(expected[i]?.[j]);
      }
    });
  },
);

function pictureUrl(name: string): URL {
  return new URL(`../../examples/pictures/${name}`, import.meta.url);
}
