import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AnswerPiece, WorkerPool } from "../../ts-client/src/index.ts";
import { demoPicture, twoShapes } from "../support/pictures.ts";

let pool: WorkerPool;
let image: Uint8Array;
beforeAll(async () => {
  image = await twoShapes();
  pool = await WorkerPool.start({ model: "tiny-shapes-t5", logLevel: "error" });
});
afterAll(() => pool?.close());

const prompt = "Describe the image.";

describe("ask", () => {
  it.each([
    ["three.png", "What color is the circle?", "red"],
    ["three.png", "What shape is green?", "star"],
    ["stars.jpg", "How many stars are there?", "three"],
    ["pair.png", "Is there a blue square?", "no"],
    ["alone.jpg", "Describe the image.", "a purple square"],
  ])("knows about %s: %s %s", async (picture, question, answer) => {
    expect((await pool.ask({ image: await demoPicture(picture), prompt: question })).text).toBe(answer);
  });

  it("says where the time went, and finds the picture's features again", async () => {
    await pool.ask({ image, prompt: "What shape is blue?" });
    const { timings, imageCached, attempts, workerId, batchSize } = await pool.ask({ image, prompt });
    expect(Object.keys(timings)).toEqual(
      expect.arrayContaining(["prepare", "queue", "wire", "vision", "qformer", "prefill", "decode", "total"]),
    );
    expect({ imageCached, attempts, batchSize }).toEqual({ imageCached: true, attempts: 1, batchSize: 1 });
    expect((await pool.stats()).workers.map((worker) => worker.workerId)).toContain(workerId);
  });

  it("ends at the length it was given, and says so", async () => {
    const { tokens, finishReason } = await pool.ask({ image, prompt, maxNewTokens: 3, minNewTokens: 3 });
    expect(tokens).toHaveLength(3);
    expect(finishReason).toBe("length");
  });

  it("draws the same answer from the same seed, whatever runs beside it", async () => {
    const sampled = {
      image,
      prompt,
      doSample: true,
      temperature: 5,
      topK: 0,
      maxNewTokens: 24,
      minNewTokens: 24,
    };
    const alone = await pool.ask({ ...sampled, seed: 7 });
    const crowd = await Promise.all([3, 7, 11, 13].map((seed) => pool.ask({ ...sampled, seed })));
    expect(crowd[1]?.tokens).toEqual(alone.tokens);
    expect(crowd[0]?.tokens).not.toEqual(alone.tokens);
  });

  it("gives several answers from beams, each beam's score with them", async () => {
    const request = { image, prompt, numBeams: 3, numReturnSequences: 3, maxLength: 24, outputScores: true };
    const { texts, text, outputs } = await pool.ask(request);
    expect(texts).toHaveLength(3);
    expect(texts[0]).toBe(text);
    expect(Object.keys(outputs)).toContain("scores");
  });

  it("refuses what is no picture, without a worker's help", async () => {
    const before = (await pool.stats()).counts.completed;
    await expect(pool.ask({ image: Buffer.from("<svg/>"), prompt })).rejects.toMatchObject({
      code: "IMAGE_REJECTED",
    });
    expect((await pool.stats()).counts.completed).toBe(before);
  });

  it("names the models there are for one that is not", async () => {
    await expect(pool.ask({ image, prompt, modelId: "other" })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("tiny-shapes-t5"),
    });
  });
});

describe("stream", () => {
  it("gives the text that ask gives, in pieces", async () => {
    const request = { image, prompt, maxNewTokens: 24 };
    const asked = await pool.ask(request);
    const stream = pool.stream(request);
    const pieces: AnswerPiece[] = [];
    for await (const piece of stream) pieces.push(piece);
    const answer = await stream.result;
    expect(answer.text).toBe(asked.text);
    expect(pieces.map((piece) => piece.text).join("")).toBe(asked.text);
    expect(pieces.flatMap((piece) => piece.tokens)).toEqual(asked.tokens);
    expect(answer.tokens).toEqual(asked.tokens);
  });

  it("ends the request when its loop is left, and leaves the worker free", async () => {
    const stream = pool.stream({ image, prompt, minNewTokens: 4000, maxNewTokens: 4000 });
    for await (const _ of stream) break;
    await expect(stream.result).rejects.toMatchObject({ code: "CANCELLED", requestId: stream.requestId });
    expect((await pool.ask({ image, prompt, maxNewTokens: 2 })).tokens.length).toBeGreaterThan(0);
    expect((await pool.stats()).workers.map((worker) => worker.inFlight)).toEqual([0]);
  });
});

describe("askMany", () => {
  it("answers in order, one picture prepared and seen once", async () => {
    const prompts = [
      "What color is the circle?",
      "What shape is blue?",
      "How many shapes are there?",
      prompt,
    ];
    const alone = [];
    for (const each of prompts) alone.push((await pool.ask({ image, prompt: each })).text);
    const together = [];
    const requests = prompts.map((each) => ({ image, prompt: each }));
    for await (const { text, imageCached } of pool.askMany(requests)) together.push({ text, imageCached });
    expect(together).toEqual(alone.map((text) => ({ text, imageCached: true })));
  });
});
