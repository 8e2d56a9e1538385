import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AnswerPiece,
  type AskingEngine,
  type GenerateOptions,
  type Served,
  servePool,
  WorkerPool,
} from "../../ts-client/src/index.ts";
import { demoPicture } from "../support/pictures.ts";

/** Greedy decoding and sampling, with every kind of ending. */
const WAYS: readonly GenerateOptions[] = [
  { maxNewTokens: 24 },
  { maxNewTokens: 6 },
  { maxNewTokens: 24, stopStrings: ["circle", "square", "a t"] },
  { maxNewTokens: 24, doSample: true, seed: 5, temperature: 2 },
  { maxNewTokens: 24, doSample: true, seed: 6, topP: 0.9, stopStrings: "e" },
  { maxNewTokens: 24, minNewTokens: 24, promptLookupNumTokens: 4 },
];

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

describe.each(["tiny-shapes-t5", "tiny-shapes-llama"])("streams of %s", (model) => {
  let pool: WorkerPool;
  let served: Served;
  let client: AskingEngine;
  let image: Uint8Array;
  beforeAll(async () => {
    pool = await WorkerPool.start({ model, threads: 1, logLevel: "error" });
    const name = `stream-${process.pid}-${model}`;
    served = await servePool(pool, { name, logLevel: "off" });
    client = await WorkerPool.connect({ name });
    image = await demoPicture("three.png");
  });
  afterAll(async () => {
    await client?.close();
    await served?.close();
    await pool?.close();
  });

  it.each(WAYS)("are the answer in pieces, with their log-probabilities: %o", async (options) => {
    const request = { image, prompt: "Describe the image.", logProbs: true, ...options };
    const asked = await pool.ask(request);
    for (const engine of [pool, client]) {
      const pieces: AnswerPiece[] = [];
      for await (const piece of engine.stream(request)) pieces.push(piece);
      expect(pieces.map(({ text }) => text).join("")).toBe(asked.text);
      expect(pieces.flatMap(({ tokens }) => tokens)).toEqual(asked.tokens);
      const logProbs = pieces.flatMap((piece) => piece.logProbs ?? []);
      expect(logProbs).toHaveLength(asked.tokens.length);
      for (const [at, value] of logProbs.entries()) expect(value).toBeCloseTo(asked.logProbs?.[at] ?? 1, 3);
      expect(pieces.at(-1)?.finishReason).toBe(asked.finishReason);
      expectWholeCuts(pieces, asked.text, [options.stopStrings ?? []].flat());
    }
  });

  it("draw the same tokens by seed, alone and among others, here and through a daemon", async () => {
    const request = {
      image,
      prompt: "Describe the image.",
      maxNewTokens: 16,
      doSample: true,
      temperature: 3,
    };
    const alone = await pool.ask({ ...request, seed: 1 });
    const many = [1, 2, 3, 4, 1].map((seed) => ({ ...request, seed }));
    const together = await Promise.all(
      [...many, ...many].map((each, at) => [pool, client][at % 2]?.ask(each)),
    );
    for (const at of [0, 4, 5, 9]) expect(together[at]?.tokens).toEqual(alone.tokens);
    expect(together[1]?.tokens).not.toEqual(alone.tokens);
  });
});

/** No piece begins within a grapheme or within a stop string that the text holds. */
function expectWholeCuts(pieces: readonly AnswerPiece[], text: string, stopStrings: readonly string[]): void {
  const whole = new Set(Array.from(graphemes.segment(text), ({ index }) => index)).add(text.length);
  let at = 0;
  for (const piece of pieces) {
    expect(whole.has(at)).toBe(true);
    for (const stop of stopStrings) {
      const from = text.indexOf(stop);
      if (from !== -1) expect(at > from && at < from + stop.length).toBe(false);
    }
    at += piece.text.length;
  }
}
