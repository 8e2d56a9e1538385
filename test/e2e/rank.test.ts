import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AskingEngine, presets, type Served, servePool, WorkerPool } from "../../ts-client/src/index.ts";
import { demoPicture } from "../support/pictures.ts";

const QUESTION = { prompt: "What color is the circle?" };
const COLORS = ["red", "green", "blue", "yellow", "a purple square on the left"];

describe.each(["tiny-shapes-t5", "tiny-shapes-llama"])("answers that are given, with %s", (model) => {
  let pool: WorkerPool;
  let served: Served;
  let client: AskingEngine;
  let image: Uint8Array;
  beforeAll(async () => {
    pool = await WorkerPool.start({ model, threads: 1, logLevel: "error" });
    const name = `rank-${process.pid}-${model}`;
    served = await servePool(pool, { name, logLevel: "off" });
    client = await WorkerPool.connect({ name });
    image = await demoPicture("three.png");
  });
  afterAll(async () => {
    await client?.close();
    await served?.close();
    await pool?.close();
  });

  it("are ranked alike by a pool and through a daemon", async () => {
    const ours = await pool.rank({ image, ...QUESTION, candidates: COLORS });
    const { text } = await pool.ask({ image, ...QUESTION });
    expect(COLORS.filter((color) => text.includes(color))).toContain(ours.best.text);
    const theirs = await client.rank({ image, ...QUESTION, candidates: COLORS });
    expect(theirs.ranked).toEqual(ours.ranked);
    expect(theirs.imageCached).toBe(true);
  });

  it("score as they did when they were generated", async () => {
    const asked = await pool.ask({ image, ...QUESTION, logProbs: true });
    const scored = await pool.score({ image, ...QUESTION, text: asked.text, includeEnd: true });
    expect(scored.tokens).toEqual(asked.tokens);
    expect(scored.logProb).toBeCloseTo(asked.sequenceLogProbs?.[0] ?? 1, 3);
    for (const [at, value] of scored.logProbs.entries())
      expect(value).toBeCloseTo(asked.logProbs?.[at] ?? 1, 3);
  });

  it("cannot be scored when they are empty, and say so", async () => {
    const request = { image, ...QUESTION, candidates: ["red", ""], includeEnd: false };
    await expect(pool.rank(request)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path: "candidates[1]",
    });
  });

  it("end when their caller gives up", async () => {
    const controller = new AbortController();
    const ranking = pool.rank({
      image,
      ...QUESTION,
      candidates: Array.from({ length: 1024 }, (_, i) => `${i} circles`),
      signal: controller.signal,
    });
    controller.abort("enough");
    await expect(ranking).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
    expect((await pool.rank({ image, ...QUESTION, candidates: COLORS })).ranked).toHaveLength(COLORS.length);
  });

  it("are made for several questions about one picture in one call", async () => {
    const prompts = ["What color is the circle?", "How many shapes are there?", "Describe the image.", ""];
    const alone = [];
    for (const prompt of prompts) alone.push((await pool.ask({ image, prompt })).tokens);
    const other = await demoPicture("stars.jpg");
    const first = await pool.askAll({ image: other, prompts });
    const again = await pool.askAll({ image: other, prompts });
    expect(first.map(({ tokens }) => tokens)).toEqual(again.map(({ tokens }) => tokens));
    expect(again.map(({ imageCached }) => imageCached)).toEqual(prompts.map(() => true));
    expect((await client.askAll({ image, prompts })).map(({ tokens }) => tokens)).toEqual(alone);
  });

  it("come from LAVIS's presets", async () => {
    for (const preset of [presets.caption, presets.vqa("What color is the circle?")]) {
      const answer = await pool.ask({ image, ...preset });
      expect(answer.text).not.toBe("");
      expect(answer.tokens.length).toBeLessThan(preset.maxLength ?? 0);
    }
  });
});
