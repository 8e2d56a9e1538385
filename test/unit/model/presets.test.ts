import { describe, expect, it } from "vitest";
import { checkRequest } from "../../../ts-client/src/model/ask-request.ts";
import { presets } from "../../../ts-client/src/model/presets.ts";

const image = new Uint8Array(4);
const wire = (preset: object) => checkRequest({ image, ...preset }, false).options;

describe("presets", () => {
  it("are LAVIS's settings, in transformers' terms", () => {
    expect(wire(presets.caption)).toEqual({
      max_new_tokens: 79,
      min_new_tokens: 9,
      num_beams: 5,
      length_penalty: 1,
      repetition_penalty: 1.15,
    });
    expect(wire(presets.vqa("How many cats?"))).toEqual({
      max_new_tokens: 9,
      num_beams: 5,
      length_penalty: -1,
      repetition_penalty: 1.5,
    });
    expect(wire(presets.describe)).toEqual({
      max_new_tokens: 255,
      num_beams: 5,
      length_penalty: 1,
      repetition_penalty: 1.5,
    });
  });

  it("put a question where LAVIS's prompt has it, without white space at its end", () => {
    expect(presets.vqa("How many cats are there?").prompt).toBe(
      "Question: How many cats are there? Short Answer:",
    );
  });

  it("want a question to ask", () => {
    expect(() => presets.vqa(undefined as never)).toThrow(expect.objectContaining({ path: "question" }));
  });

  it("give way to what follows them", () => {
    expect(wire({ ...presets.caption, numBeams: 1, maxNewTokens: 20 })).toMatchObject({
      num_beams: 1,
      max_new_tokens: 20,
    });
  });
});
