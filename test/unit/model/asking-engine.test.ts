import { setImmediate } from "node:timers/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import type { AskRequest } from "../../../ts-client/src/model/ask-request.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { type Answerer, bundledAssets, FakeEngine, type Job } from "./fake-engine.ts";

let image: Uint8Array;
let other: Uint8Array;
let processor: InstructBlipProcessor;

async function picture(background: string): Promise<Uint8Array> {
  return sharp({ create: { width: 32, height: 24, channels: 3, background } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  [image, other] = await Promise.all([picture("red"), picture("blue")]);
  processor = await InstructBlipProcessor.fromAssets(bundledAssets("tiny-shapes-t5"));
});

/** The tokens of an answer, with its end. */
const tokensOf = (text: string) => processor.tokenizer.encode(text);
const saying =
  (text: string): Answerer =>
  async () => [tokensOf(text)];
/** An engine that streams a text token by token, and may wait before each. */
function spelling(text: string, pause: (job: Job) => Promise<unknown> = () => setImmediate()): Answerer {
  return async (job) => {
    for (const token of tokensOf(text)) {
      await pause(job);
      if (job.signal.aborted) throw job.signal.reason;
      job.deliver([token]);
    }
    return [tokensOf(text)];
  };
}
const never: Answerer = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("ask", () => {
  it("answers with text, tokens, the finish reason and the request's facts", async () => {
    const engine = new FakeEngine(saying("a red circle"));
    const answer = await engine.ask({ image, prompt: "Describe the image." });
    expect(answer).toMatchObject({
      text: "a red circle",
      texts: ["a red circle"],
      tokens: tokensOf("a red circle"),
      finishReason: "eos",
      attempts: 1,
      workerId: "fake",
      timings: { total: 1 },
    });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("sends the prompt's ids and the picture as 8-bit pixels of the model's size", async () => {
    const engine = new FakeEngine(saying("red"));
    await engine.ask({ image, prompt: "What color is the circle?" });
    const expected = processor.encode("What color is the circle?");
    const { inputs } = engine.jobs[0]!;
    expect([...inputs.inputIds]).toEqual(expected.inputIds);
    expect([...inputs.qformerInputIds]).toEqual(expected.qformerInputIds);
    expect(inputs.image.tensor).toMatchObject({ dtype: "uint8", shape: [224, 224, 3] });
    expect([...inputs.image.tensor.data.slice(0, 3)]).toEqual([255, 0, 0]);
    expect(inputs.image.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("sends the picture in another size, to be interpolated, when told to", async () => {
    const engine = new FakeEngine(saying("red"));
    await engine.ask({ image, size: { height: 28, width: 42 }, interpolatePosEncoding: true });
    await engine.ask({ image });
    const [interpolated, usual] = engine.jobs.map(({ inputs }) => inputs.image);
    expect(interpolated).toMatchObject({ interpolate: true, tensor: { shape: [28, 42, 3] } });
    expect(usual).toMatchObject({ tensor: { shape: [224, 224, 3] } });
    expect(usual).not.toHaveProperty("interpolate");
    for (const wrong of [{ size: 0 }, { interpolatePosEncoding: 1 }]) {
      const request = { image, ...wrong } as AskRequest;
      await expect(engine.ask(request)).rejects.toMatchObject({ path: Object.keys(wrong)[0] });
    }
  });

  it("asks the empty prompt where none is given, for at most 256 new tokens", async () => {
    const engine = new FakeEngine(saying("red"));
    await engine.ask({ image });
    expect([...engine.jobs[0]!.inputs.inputIds]).toEqual(processor.encode("").inputIds);
    expect(engine.jobs[0]!.request.options).toEqual({ max_new_tokens: 256 });
  });

  it("passes generation options to the worker and options of the call to the engine", async () => {
    const engine = new FakeEngine(saying("red"));
    const requestId = "0190a000-0000-7000-8000-000000000000";
    await engine.ask({ image, numBeams: 5, maxLength: 80, priority: 3, deadlineMs: 5000, requestId });
    const { request, call } = engine.jobs[0]!;
    expect(request).toMatchObject({
      op: "generate",
      stream: false,
      options: { max_new_tokens: 79, num_beams: 5 },
    });
    expect(call).toEqual({ priority: 3, deadlineMs: 5000, requestId });
  });

  it("gives several answers as texts, best first, without their padding", async () => {
    const engine = new FakeEngine(async () => [tokensOf("red"), tokensOf("a red circle")]);
    const answer = await engine.ask({ image, numBeams: 2, numReturnSequences: 2 });
    expect(answer).toMatchObject({ text: "red", texts: ["red", "a red circle"], tokens: tokensOf("red") });
  });

  it("keeps padding's id where the model generated it, up to the full length", async () => {
    const engine = new FakeEngine(async () => [[5, 0, 0]], [{}], "length");
    expect((await engine.ask({ image })).tokens).toEqual([5, 0, 0]);
    const stopped = new FakeEngine(
      async () => [
        [5, 6],
        [5, 6, 7, 8],
      ],
      [{}],
      "stop",
    );
    expect((await stopped.ask({ image, doSample: true, numReturnSequences: 2 })).tokens).toEqual([5, 6]);
  });

  it("takes a Blob, an ArrayBuffer and decoded samples", async () => {
    const engine = new FakeEngine(saying("red"));
    const data = new Uint8Array(4 * 4 * 3).fill(7);
    const images = [
      new Blob([Uint8Array.from(image)]),
      Uint8Array.from(image).buffer,
      { data, width: 4, height: 4, channels: 3 as const },
    ];
    for (const each of images) await engine.ask({ image: each });
    const [blob, buffer, samples] = engine.jobs.map((job) => job.inputs.image);
    expect(blob?.hash).toBe(buffer?.hash);
    expect(samples?.tensor.data.every((value) => value === 7)).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ["image", {}, /`image` must be a picture/],
    ["image", { image: "cat.jpg" }, /Read a file with `await loadImage\(path\)`/],
    ["image", { image: new URL("http://a/b.png") }, /download an address yourself/],
    ["prompt", { prompt: ["a", "b"] }, /Several go to `askMany`/],
    ["modelId", { modelId: 3 }, /a deployment's name/],
    ["signal", { signal: {} }, /an AbortSignal/],
    ["deadlineMs", { deadlineMs: 0 }, /a whole number from 1/],
    ["priority", { priority: 1000 }, /from -100 to 100/],
    ["requestId", { requestId: "mine" }, /a UUID in lower case/],
    ["num_beams", { num_beams: 5 }, /Did you mean `numBeams`/],
    ["promt", { promt: "?" }, /There is no option `promt`. Did you mean `prompt`\?/],
  ])("refuses a wrong %s before anything is submitted", async (path, wrong, message) => {
    const engine = new FakeEngine(saying("red"));
    const request = { ...(path === "image" ? {} : { image }), ...wrong } as AskRequest;
    await expect(engine.ask(request)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      path,
      message: expect.stringMatching(message),
    });
    expect(engine.jobs).toEqual([]);
  });

  it("rejects a file that is no picture", async () => {
    const engine = new FakeEngine(saying("red"));
    await expect(engine.ask({ image: Buffer.from("hello, hello, hello") })).rejects.toMatchObject({
      code: "IMAGE_REJECTED",
    });
  });

  it("is cancelled by its signal", async () => {
    const engine = new FakeEngine(never);
    const controller = new AbortController();
    const asked = engine.ask({ image, signal: controller.signal });
    while (engine.jobs.length === 0) await setImmediate();
    controller.abort("enough");
    await expect(asked).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
  });
});

describe("one picture with several prompts", () => {
  it("is prepared once, at the same time or later, whatever holds its bytes", async () => {
    const engine = new FakeEngine(saying("red"));
    await Promise.all(["a", "b", "c"].map((prompt) => engine.ask({ image, prompt })));
    await engine.ask({ image: Uint8Array.from(image), prompt: "d" });
    const tensors = new Set(engine.jobs.map((job) => job.inputs.image.tensor));
    expect(engine.jobs).toHaveLength(4);
    expect(tensors.size).toBe(1);
  });

  it("is another picture once its buffer is filled anew", async () => {
    const engine = new FakeEngine(saying("red"));
    const buffer = new Uint8Array(Math.max(image.length, other.length));
    buffer.set(image);
    await engine.ask({ image: buffer });
    buffer.fill(0).set(other);
    await engine.ask({ image: buffer });
    const [first, second] = engine.jobs.map((job) => job.inputs.image.hash);
    expect(first).not.toBe(second);
  });

  it("is prepared for the others when one of them gives up", async () => {
    const engine = new FakeEngine(saying("red"));
    const controller = new AbortController();
    const quits = engine.ask({ image: other, signal: controller.signal });
    const stays = engine.ask({ image: other });
    controller.abort("enough");
    await expect(quits).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await stays).text).toBe("red");
  });
});

describe("stream", () => {
  const text = "a red circle, a blue square, a green star";

  it("gives pieces that add up to the answer, in text and in tokens", async () => {
    const engine = new FakeEngine(spelling(text));
    const stream = engine.stream({ image, prompt: "Describe the image." });
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    const answer = await stream.result;
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    expect(pieces.flatMap((piece) => piece.tokens)).toEqual(tokensOf(text));
    expect(answer).toMatchObject({
      text,
      texts: [text],
      tokens: tokensOf(text),
      requestId: stream.requestId,
    });
    expect(engine.jobs[0]!.request.stream).toBe(true);
  });

  it("tells why the answer ended in its last piece alone", async () => {
    for (const answerer of [spelling(text), saying(text)]) {
      const engine = new FakeEngine(answerer, [{}], "stop");
      const reasons = [];
      for await (const { finishReason } of engine.stream({ image })) reasons.push(finishReason);
      expect(reasons.pop()).toBe("stop");
      expect(reasons.every((reason) => reason === undefined)).toBe(true);
    }
  });

  it("gives a stop string in one piece", async () => {
    const engine = new FakeEngine(spelling("a red circle"));
    const pieces = [];
    for await (const piece of engine.stream({ image, stopStrings: ["d circle"] })) pieces.push(piece.text);
    expect(pieces.join("")).toBe("a red circle");
    expect(pieces.filter((piece) => piece.includes("d circle"))).toHaveLength(1);
  });

  it("has log-probabilities beside its tokens where they are wanted", async () => {
    const engine = new FakeEngine(async ({ deliver }) => {
      for (const [at, token] of tokensOf(text).entries()) deliver([token], [-at]);
      return [tokensOf(text)];
    });
    const values = [];
    for await (const { tokens, logProbs = [] } of engine.stream({ image, logProbs: true })) {
      expect(logProbs).toHaveLength(tokens.length);
      values.push(...logProbs);
    }
    expect(values).toEqual(tokensOf(text).map((_, at) => -at));
  });

  it("gives larger pieces to a slow reader", async () => {
    const engine = new FakeEngine(spelling(text));
    const stream = engine.stream({ image });
    await stream.result;
    const pieces = [];
    for await (const piece of stream) pieces.push(piece.text);
    expect(pieces).toEqual([text]);
  });

  it("has a result for those who never iterate", async () => {
    const engine = new FakeEngine(spelling("red"));
    expect((await engine.stream({ image }).result).text).toBe("red");
  });

  it("is cancelled when its loop is left", async () => {
    const engine = new FakeEngine(spelling(text));
    const stream = engine.stream({ image });
    for await (const _ of stream) break;
    await expect(stream.result).rejects.toMatchObject({ code: "CANCELLED" });
    expect(engine.jobs[0]!.signal.aborted).toBe(true);
  });

  it("is cancelled by hand and by its signal, ending the loop", async () => {
    const engine = new FakeEngine(never);
    const stream = engine.stream({ image });
    stream.cancel("enough");
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "CANCELLED",
      cause: "enough",
    });
    const signalled = engine.stream({ image, signal: AbortSignal.abort("late") });
    await expect(signalled.result).rejects.toMatchObject({ code: "CANCELLED", cause: "late" });
  });

  it("can be iterated once", async () => {
    const engine = new FakeEngine(spelling("red"));
    const stream = engine.stream({ image });
    for await (const _ of stream);
    expect(() => stream[Symbol.asyncIterator]()).toThrow("A stream can be iterated once.");
  });

  it("ends its loop with the failure, after the pieces that came", async () => {
    const engine = new FakeEngine(async ({ deliver }) => {
      deliver(tokensOf("a red circle").slice(0, -1));
      await setImmediate();
      throw new Error("worker gone");
    });
    const pieces: string[] = [];
    const read = async () => {
      for await (const piece of engine.stream({ image })) pieces.push(piece.text);
    };
    await expect(read()).rejects.toThrow("worker gone");
    expect("a red circle".startsWith(pieces.join(""))).toBe(true);
    expect(pieces.join("")).not.toBe("");
  });

  it("refuses beams at once", () => {
    const engine = new FakeEngine(saying("red"));
    expect(() => engine.stream({ image, numBeams: 5 })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path: "numBeams" }),
    );
  });
});

describe("askMany", () => {
  const echo: Answerer = async ({ inputs }) => [[...inputs.inputIds]];

  it("answers in the questions' order", async () => {
    const engine = new FakeEngine(echo);
    const prompts = ["red", "blue", "green", "yellow"];
    const answers: string[] = [];
    const requests = prompts.map((prompt) => ({ image, prompt }));
    for await (const { text } of engine.askMany(requests, { concurrency: 2 })) answers.push(text);
    expect(answers).toEqual(prompts);
  });

  it("takes an endless source, a few questions ahead of the reader", async () => {
    let taken = 0;
    async function* endless() {
      while (true) {
        taken += 1;
        yield { image, prompt: "red" };
      }
    }
    const engine = new FakeEngine(echo);
    let read = 0;
    for await (const _ of engine.askMany(endless(), { concurrency: 3 })) {
      read += 1;
      expect(taken).toBeLessThanOrEqual(read + 3);
      if (read === 5) break;
    }
    expect(read).toBe(5);
  });

  it("ends with the first failure and cancels the rest", async () => {
    const engine = new FakeEngine(never);
    const requests = [{ image, prompt: 3 as unknown as string }, { image }];
    const all = async () => {
      for await (const _ of engine.askMany(requests));
    };
    await expect(all()).rejects.toMatchObject({ path: "prompt" });
    while (engine.jobs.length > 0 && !engine.jobs[0]!.signal.aborted) await setImmediate();
    expect(engine.jobs.every((job) => job.signal.aborted)).toBe(true);
  });

  it("gives failures in their place when told to", async () => {
    const engine = new FakeEngine(echo);
    const requests = [
      { image, prompt: "red" },
      { image: Buffer.from("no picture at all") },
      { image, prompt: "blue" },
    ];
    const outcomes = [];
    for await (const outcome of engine.askMany(requests, { errors: "yield" })) outcomes.push(outcome);
    expect(outcomes).toMatchObject([
      { text: "red" },
      { error: { code: "IMAGE_REJECTED" } },
      { text: "blue" },
    ]);
  });

  it("is ended by its signal", async () => {
    const engine = new FakeEngine(never);
    const controller = new AbortController();
    const answers = engine.askMany([{ image }], { signal: controller.signal });
    const first = answers.next();
    while (engine.jobs.length === 0) await setImmediate();
    controller.abort("enough");
    await expect(first).rejects.toMatchObject({ code: "CANCELLED", cause: "enough" });
    expect(engine.jobs[0]!.signal.aborted).toBe(true);
  });

  it("refuses to run nothing at a time", async () => {
    const engine = new FakeEngine(echo);
    await expect(engine.askMany([], { concurrency: 0 }).next()).rejects.toMatchObject({
      path: "concurrency",
    });
  });
});
