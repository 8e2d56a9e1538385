import { invalidArgument } from "../errors/index.ts";
import type { GenerateOptions } from "./generate-options.ts";

/** A prompt with the settings it was evaluated with. */
export interface Preset extends GenerateOptions {
  readonly prompt: string;
}

/**
 * Prompts and settings that InstructBLIP's authors evaluated it with: the files of `lavis/projects/instructblip` and
 * the defaults of the tasks that run them, at LAVIS's commit 506965b. Spread one into a question; what follows it wins.
 *
 * LAVIS lets T5 make `maxLength` new tokens, one more than here.
 *
 * @example
 * const { text } = await pool.ask({ image, ...presets.caption });
 * const { text: answer } = await pool.ask({ image, ...presets.vqa("How many cats are there?"), numBeams: 1 });
 */
export const presets = {
  /**
   * A caption of a sentence, as for COCO and NoCaps: `caption_coco_*_eval_test.yaml`, with the repetition penalty that
   * `lavis/tasks/captioning.py` gives where none is set.
   */
  caption: {
    prompt: "A short image caption.",
    numBeams: 5,
    maxLength: 80,
    minLength: 10,
    lengthPenalty: 1,
    repetitionPenalty: 1.15,
  },
  /**
   * A word or a few for a question, as for OK-VQA: `qa_okvqa_*_eval.yaml`, with the repetition penalty of the model's
   * own `generate`.
   *
   * @param question - as it is asked, such as `How many cats are there?`
   * @throws INVALID_ARGUMENT
   */
  vqa: (question: string): Preset => {
    if (typeof question !== "string") throw invalidArgument("question", "a string", question);
    return {
      prompt: `Question: ${question} Short Answer:`,
      numBeams: 5,
      maxLength: 10,
      minLength: 1,
      lengthPenalty: -1,
      repetitionPenalty: 1.5,
    };
  },
  /** A description in detail: a prompt of InstructBLIP's README with the defaults of the model's own `generate`. */
  describe: {
    prompt: "Write a detailed description.",
    numBeams: 5,
    maxLength: 256,
    minLength: 1,
    lengthPenalty: 1,
    repetitionPenalty: 1.5,
  },
} as const satisfies Record<string, Preset | ((question: string) => Preset)>;
