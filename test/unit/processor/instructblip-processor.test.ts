import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { BlipImageProcessor, type DecodedImage } from "../../../ts-client/src/image/index.ts";
import {
  type BatchFeature,
  InstructBlipProcessor,
  PixelValues,
  type ProcessorAssets,
  type ProcessorInputs,
  type TextFeature,
} from "../../../ts-client/src/processor/index.ts";
import { AutoTokenizer } from "../../../ts-client/src/tokenizer/index.ts";

let t5: InstructBlipProcessor;
let llama: InstructBlipProcessor;

beforeAll(async () => {
  t5 = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5");
  llama = await InstructBlipProcessor.fromPretrained("tiny-shapes-llama");
  // The first picture starts a thread, which compiles the sources.
  await t5.prepareImage(flat(0, 0, 0));
}, 120_000);

/** A picture of one colour. */
function flat(red: number, green: number, blue: number): DecodedImage {
  const data = Uint8Array.from({ length: 9 * 7 * 3 }, (_, i) => [red, green, blue][i % 3]!);
  return { data, width: 9, height: 7, channels: 3 };
}

const KEYS = ["pixelValues", "inputIds", "attentionMask", "qformerInputIds", "qformerAttentionMask"];
const QUESTION = "how many red circles are there";

describe("calling the processor", () => {
  it("gives the inputs of generate, and nothing else", async () => {
    const inputs = await t5({ images: flat(1, 2, 3), text: QUESTION });
    expectTypeOf(inputs).toEqualTypeOf<BatchFeature>();
    expect(Object.keys(inputs)).toEqual(KEYS);
    expect(inputs.pixelValues.shape).toEqual([1, 3, 224, 224]);
    expect(inputs.inputIds.slice(0).toArray()).toEqual(t5.tokenizer.encode(QUESTION));
    expect(inputs.qformerInputIds.slice(0).toArray()).toEqual(t5.qformerTokenizer.encode(QUESTION));
    expect(await t5.call({ images: flat(1, 2, 3), text: QUESTION })).toEqual(inputs);
  });

  it("holds the prompt alone: no placeholders for the picture", async () => {
    const { inputIds } = await llama({ images: flat(1, 2, 3), text: "red" });
    expect(inputIds.at(0, 0).item()).toBe(llama.tokenizer.bosTokenId);
    expect(llama.decode(inputIds.slice(0), { skipSpecialTokens: true })).toBe("red");
  });

  it("takes the empty prompt when there is no text", async () => {
    const { inputIds, qformerInputIds } = await t5({ images: [flat(0, 0, 0), flat(9, 9, 9)] });
    expect(inputIds.toArray()).toEqual([[1], [1]]);
    expect(qformerInputIds.toArray()).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it("prepares text alone when there is no picture", async () => {
    const inputs = await t5({ text: ["a", "b c"] });
    expectTypeOf(inputs).toEqualTypeOf<TextFeature>();
    expect(Object.keys(inputs)).toEqual(KEYS.slice(1));
    expect(inputs.inputIds.shape[0]).toBe(2);
  });

  it("gives pictures another size when told to", async () => {
    const { pixelValues } = await t5({ images: flat(1, 2, 3), size: { height: 28, width: 42 } });
    expect(pixelValues.shape).toEqual([1, 3, 28, 42]);
    expect((await t5({ images: flat(1, 2, 3), size: 28 })).pixelValues.shape).toEqual([1, 3, 28, 28]);
    await expect(t5({ images: flat(1, 2, 3), size: "big" as never })).rejects.toMatchObject({ path: "size" });
  });

  it("stacks several pictures in their order", async () => {
    const { pixelValues } = await t5({ images: [flat(255, 0, 0), flat(0, 255, 0)], text: ["a", "b"] });
    expect(pixelValues.shape).toEqual([2, 3, 224, 224]);
    expect(pixelValues.pixels.shape).toEqual([2, 224, 224, 3]);
    expect(pixelValues.pixels.at(0, 0, 0).toArray()).toEqual([255, 0, 0]);
    expect(pixelValues.pixels.at(1, 223, 223).toArray()).toEqual([0, 255, 0]);
  });

  it("has the worker make the numbers, unless they are looked at or made in another way", async () => {
    const { pixelValues } = await t5({ images: flat(255, 0, 0) });
    expect(pixelValues.arePixelsEnough).toBe(true);
    // Whoever has the numbers may change them.
    expect(pixelValues.data.length).toBe(3 * 224 * 224);
    expect(pixelValues.arePixelsEnough).toBe(false);
    const { config } = t5.imageProcessor;
    for (const changed of [{ imageMean: [0.5, 0.5, 0.5] }, { doNormalize: false }, { rescaleFactor: 1 }]) {
      const imageProcessor = new BlipImageProcessor({ ...config, ...changed });
      const own = new InstructBlipProcessor(imageProcessor, t5.tokenizer, t5.qformerTokenizer);
      expect((await own({ images: flat(255, 0, 0) })).pixelValues.arePixelsEnough).toBe(false);
    }
  });

  it("asks one string about every picture, and several about one", async () => {
    const same = await t5({ images: [flat(1, 1, 1), flat(2, 2, 2)], text: "a" });
    expect(same.inputIds.shape[0]).toBe(2);
    const questions = await t5({ images: flat(1, 1, 1), text: ["a", "b", "c"] });
    expect([questions.pixelValues.shape[0], questions.inputIds.shape[0]]).toEqual([1, 3]);
  });

  it("gives the Q-Former a text of its own", async () => {
    const inputs = await t5({ images: flat(1, 1, 1), text: ["a", "b"], qformerText: "describe" });
    const instruction = t5.qformerTokenizer.encode("describe");
    expect(inputs.qformerInputIds.toArray()).toEqual([instruction, instruction]);
    const two = await t5({ images: flat(1, 1, 1), qformerText: ["describe", "count"] });
    expect(two.inputIds.toArray()).toEqual([[1], [1]]);
  });

  it("pads prompts on the tokenizer's side, and the Q-Former's on the right always", async () => {
    const text = ["red", "how many red circles"];
    const left = await llama({ text });
    expect(left.attentionMask.at(0, 0).item()).toBe(0);
    expect(left.qformerAttentionMask.at(0, 0).item()).toBe(1);
    expect(left.qformerAttentionMask.at(0, -1).item()).toBe(0);
    const right = await llama({ text, paddingSide: "right" });
    expect(right.attentionMask.at(0, 0).item()).toBe(1);
    const leftT5 = await t5({ text, paddingSide: "left" });
    expect([leftT5.attentionMask.at(0, 0).item(), leftT5.qformerAttentionMask.at(0, 0).item()]).toEqual([
      0, 1,
    ]);
  });

  it("pads and cuts to a length for both models", async () => {
    const inputs = await t5({ text: QUESTION, padding: "max_length", maxLength: 40 });
    expect([inputs.inputIds.shape, inputs.qformerInputIds.shape]).toEqual([
      [1, 40],
      [1, 40],
    ]);
    const cut = await t5({ text: QUESTION, truncation: true, maxLength: 4 });
    expect(cut.inputIds.slice(0).toArray()).toEqual(t5.tokenizer.encode(QUESTION, { maxLength: 4 }));
    expect(cut.qformerInputIds.shape).toEqual([1, 4]);
  });

  it("cuts to a length alone, as transformers does", async () => {
    const { inputIds, qformerInputIds } = await t5({ text: ["a", QUESTION], maxLength: 4 });
    expect([inputIds.shape, qformerInputIds.shape]).toEqual([
      [2, 4],
      [2, 4],
    ]);
    const cut = await t5({
      text: QUESTION,
      maxLength: 4,
      truncation: "longest_first",
      padding: "do_not_pad",
    });
    expect(cut.inputIds.slice(0).toArray()).toEqual(inputIds.slice(1).toArray());
    const whole = await t5({ text: QUESTION, truncation: "do_not_truncate" });
    expect(whole).toEqual(await t5({ text: QUESTION }));
  });

  it("pads to multiples, the Q-Former's text never over 512", async () => {
    const { inputIds, qformerInputIds } = await t5({ text: QUESTION, padToMultipleOf: 16 });
    expect([inputIds.shape[1], qformerInputIds.shape[1]]).toEqual([16, 16]);
    const long = await t5({ text: "red ".repeat(505), padToMultipleOf: 100 });
    expect([long.inputIds.shape[1], long.qformerInputIds.shape[1]]).toEqual([600, 512]);
  });

  it("leaves out the frame when asked to", async () => {
    const { inputIds, qformerInputIds } = await t5({ text: "red", addSpecialTokens: false });
    expect(inputIds.toArray()).toEqual([t5.tokenizer.encode("red", { addSpecialTokens: false })]);
    expect(qformerInputIds.toArray()).toEqual([
      t5.qformerTokenizer.encode("red", { addSpecialTokens: false }),
    ]);
  });

  it("gives tensors whatever Python's kind of tensors is asked for", async () => {
    const asked = await t5({ text: QUESTION, returnTensors: "pt" });
    expect(asked).toEqual(await t5({ text: QUESTION }));
    expect(asked).toEqual(await t5({ text: QUESTION, returnTensors: "np" }));
  });

  it("names what it gives", async () => {
    const inputs = await t5({ images: flat(1, 2, 3), text: QUESTION });
    expect(new Set(t5.modelInputNames)).toEqual(new Set(Object.keys(inputs)));
  });

  it("never gives the Q-Former more than 512 tokens, and cuts the prompt only when told to", async () => {
    const long = "red ".repeat(700);
    const inputs = await t5({ text: long });
    expect(inputs.qformerInputIds.shape).toEqual([1, 512]);
    expect(inputs.qformerInputIds.slice(0).toArray()).toEqual(
      t5.qformerTokenizer.encode(long, { maxLength: 512 }),
    );
    expect(inputs.inputIds.shape[1]).toBeGreaterThan(700);
    expect((await t5({ text: long, truncation: true })).inputIds.shape).toEqual([1, 512]);
    expect((await t5({ text: "a", padding: "max_length", maxLength: 600 })).qformerInputIds.shape).toEqual([
      1, 512,
    ]);
  });

  it.each<[string, object, string]>([
    ["nothing", {}, "given `images`, `text` or both"],
    ["no pictures", { images: [] }, "at least one picture"],
    ["a path", { images: "a.jpg" }, "await loadImage(path)"],
    ["a path among pictures", { images: [flat(1, 1, 1), "a.jpg"] }, "`images[1]`"],
    [
      "an unknown option",
      { text: "a", maxlength: 3 },
      "There is no option `maxlength`. Did you mean `maxLength`?",
    ],
    ["a Python name", { text: "a", qformer_text: "b" }, "Did you mean `qformerText`?"],
    ["tensors of no library", { text: "a", returnTensors: "tf" }, '"pt", "np"'],
    ["lists for tensors", { text: "a", returnTensors: null }, "`toArray()` gives nested arrays"],
    ["too few texts", { images: [flat(1, 1, 1), flat(1, 1, 1)], text: ["a"] }, "2 strings for 2 pictures"],
    ["too many texts", { images: [flat(1, 1, 1), flat(1, 1, 1)], text: ["a", "b", "c"] }, "2 strings for 2"],
    ["too few instructions", { text: ["a", "b"], qformerText: ["a"] }, "2 strings, one for each text"],
    ["no texts", { text: [] }, "an array of at least one"],
    ["a number among texts", { text: ["a", 7] }, "`text[1]` must be a string"],
    ["a length that changes nothing", { text: "a", maxLength: 5, padding: true }, "truncation: true"],
    [
      "a length without padding to it",
      { text: "a", maxLength: 5, padding: "do_not_pad" },
      "truncation: true",
    ],
    ["a length not to be cut to", { text: "a", maxLength: 5, truncation: false }, "truncation: true"],
    ["an unknown truncation", { text: "a", truncation: "only_second" }, "`truncation`"],
    ["a text in words", { text: [["a", "b"]] }, "split into words are not taken: join them"],
    [
      "a multiple that does not fit",
      { text: "a", maxLength: 9, truncation: true, padToMultipleOf: 4 },
      "divisor",
    ],
    ["more padding than memory", { text: "a", padding: "max_length", maxLength: 1e9 }, "from 1 to 131072"],
    ["a multiple of nothing", { text: "a", padToMultipleOf: 0 }, "`padToMultipleOf`"],
    ["a signal that is none", { text: "a", signal: {} }, "an AbortSignal"],
    ["too short a length for the frame", { text: "a", maxLength: 1, truncation: true }, "from 2 up"],
    ["a fraction of a length", { text: "a", maxLength: 2.5, truncation: true }, "a whole number"],
    ["an unknown padding", { text: "a", padding: "longer" }, "`padding`"],
    ["uneven texts without padding", { text: ["a", QUESTION], padding: false }, "`padding` must be true"],
  ])("refuses %s", async (_, inputs, message) => {
    const refused = t5(inputs as ProcessorInputs);
    expectTypeOf(refused).toEqualTypeOf<Promise<BatchFeature | TextFeature>>();
    await expect(refused).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(refused).rejects.toThrow(message);
  });

  it("asks for a length where the tokenizer has none", async () => {
    await expect(llama({ text: "a", truncation: true })).rejects.toThrow("no limit of its own");
    await expect(llama({ text: "a", padding: "max_length" })).rejects.toThrow("no limit of its own");
  });

  it("refuses a text that is far too long", async () => {
    const refused = t5({ text: ["a", "a".repeat(40_000)] });
    await expect(refused).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE", path: "text[1]" });
  });

  it("names the picture that was refused", async () => {
    const refused = t5({ images: [flat(1, 1, 1), Buffer.from("<svg/>")], text: "a" });
    await expect(refused).rejects.toMatchObject({ code: "IMAGE_REJECTED", path: "images[1]" });
  });

  it("gives up when it is aborted", async () => {
    const reason = new Error("enough");
    await expect(t5({ images: flat(1, 1, 1), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(t5({ text: "a", signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const running = t5({ images: flat(1, 1, 1), signal: abort.signal });
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

describe("pixelValues", () => {
  it("are made when they are first looked at, and cost nothing to pass on", async () => {
    const inputs = await t5({ images: flat(0, 128, 255) });
    const passedOn = { ...inputs };
    expect(passedOn.pixelValues).toBe(inputs.pixelValues);
    const { pixelValues } = inputs;
    expect(pixelValues).toBeInstanceOf(PixelValues);
    expect(pixelValues.data).toBe(pixelValues.data);
    expect(pixelValues.at(0, 0, 5, 5).item()).toBeCloseTo(-0.48145466 / 0.26862954, 6);
    expect(pixelValues.at(0, 2, 0, 0).item()).toBeCloseTo((1 - 0.40821073) / 0.27577711, 6);
    expect(pixelValues.bytes().byteLength).toBe(3 * 224 * 224 * 4);
  });
});

describe("what a pool uses", () => {
  it("is the prompt's ids, not padded", () => {
    const { inputIds, qformerInputIds } = t5.encode("red ".repeat(700));
    expect(inputIds.at(-1)).toBe(1);
    expect(qformerInputIds).toHaveLength(512);
  });

  it("is one picture as u8", async () => {
    const { dtype, shape } = await t5.prepareImage(flat(1, 2, 3));
    expect([dtype, ...shape]).toEqual(["uint8", 224, 224, 3]);
  });

  it("is text from nested arrays", () => {
    const options = { skipSpecialTokens: true };
    const rows = ["red circle", "red"].map((text) => llama.encode(text).inputIds);
    const texts = llama.decode(rows, options);
    expectTypeOf(texts).toEqualTypeOf<string[]>();
    expect(texts).toEqual(["red circle", "red"]);
    expectTypeOf(llama.decode(rows[0]!)).toEqualTypeOf<string>();
  });

  it("is text from ids, at once and piece by piece", () => {
    const ids = llama.encode("red circle").inputIds;
    const options = { skipSpecialTokens: true };
    expect(llama.decode(ids, options)).toBe("red circle");
    expect(llama.batchDecode([ids, []], options)).toEqual(["red circle", ""]);
    const decoder = llama.incrementalDecoder(options);
    expect(decoder.push(ids) + decoder.end()).toBe("red circle");
  });
});

describe("fromPretrained", () => {
  const FILES = [
    "tokenizer.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "processor_config.json",
  ];
  const assets = async (): Promise<ProcessorAssets> => {
    const paths = [...FILES, "qformer_tokenizer/tokenizer.json", "qformer_tokenizer/tokenizer_config.json"];
    const read = async (path: string) => [path, await readFile(join("models/tiny-shapes-t5", path))] as const;
    return { hash: "h", files: Object.fromEntries(await Promise.all(paths.map(read))) };
  };
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

  it("reads a folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "processor-"));
    await cp("models/tiny-shapes-t5", folder, { recursive: true });
    const processor = await InstructBlipProcessor.fromPretrained(folder);
    expect(processor.encode("red")).toEqual(t5.encode("red"));
    await rm(folder, { recursive: true });
  });

  it("reads the files that a pool serves", async () => {
    const asked: unknown[] = [];
    const pool = {
      assets: async (modelId?: string) => {
        asked.push(modelId);
        return assets();
      },
    };
    const processor = await InstructBlipProcessor.fromPretrained({ pool, modelId: "m" });
    await InstructBlipProcessor.fromPretrained({ pool });
    expect(processor.encode("red")).toEqual(t5.encode("red"));
    expect(asked).toEqual(["m", undefined]);
  });

  it("finds a name among what a pool serves", async () => {
    const models = [
      { modelId: "other", source: "x" },
      { modelId: "small", source: "org/name" },
      { modelId: "bundled", source: "tiny-shapes-t5" },
    ];
    const asked: unknown[] = [];
    const pool = {
      models: async () => models as never,
      assets: async (modelId?: string) => {
        asked.push(modelId);
        return assets();
      },
    };
    for (const name of ["small", "org/name", "tiny-shapes-t5"]) {
      await InstructBlipProcessor.fromPretrained(name, { pool });
    }
    expect(asked).toEqual(["small", "small", "bundled"]);
    await expect(InstructBlipProcessor.fromPretrained("absent", { pool })).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("other (x), small (org/name), bundled (tiny-shapes-t5)"),
    });
  });

  it("reads the image processor's configuration from either file, the newer first", async () => {
    const { files } = await assets();
    const old = { do_resize: true, size: { height: 30, width: 40 } };
    const { "processor_config.json": _, ...older } = files;
    const processor = InstructBlipProcessor.fromAssets({
      hash: "",
      files: { ...older, "preprocessor_config.json": json(old) },
    });
    expect(processor.imageProcessor.config.size).toEqual(old.size);
    const both = InstructBlipProcessor.fromAssets({
      hash: "",
      files: {
        ...files,
        "preprocessor_config.json": json(old),
        "processor_config.json": json({ image_processor: { size: { height: 3, width: 4 } } }),
      },
    });
    expect(both.imageProcessor.config.size).toEqual({ height: 3, width: 4 });
    const apart = InstructBlipProcessor.fromAssets({
      hash: "",
      files: { ...files, "preprocessor_config.json": json(old), "processor_config.json": json({}) },
    });
    expect(apart.imageProcessor.config.size).toEqual(old.size);
  });

  it("says what is missing or damaged", async () => {
    const { files } = await assets();
    const { "tokenizer.json": _, ...without } = files;
    const build = (changed: ProcessorAssets["files"]) => () =>
      InstructBlipProcessor.fromAssets({ hash: "", files: changed });
    expect(build(without)).toThrow("tokenizer.json is missing. Load the checkpoint's tokenizer in Python");
    expect(build({ ...files, "tokenizer_config.json": Buffer.from("{") })).toThrow(
      "tokenizer_config.json is no JSON",
    );
    const lanczos = json({ image_processor: { resample: 1 } });
    expect(build({ ...files, "processor_config.json": lanczos })).toThrow("`lanczos` is not supported");
  });

  it("refuses what is no source", async () => {
    await expect(
      InstructBlipProcessor.fromPretrained("Salesforce/instructblip-vicuna-7b"),
    ).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("tiny-shapes-llama, tiny-shapes-t5"),
    });
    await expect(InstructBlipProcessor.fromPretrained({ pool: {} } as never)).rejects.toThrow(
      "a bundled name",
    );
  });
});

describe("the constructor", () => {
  it("takes its three parts", () => {
    const { imageProcessor, tokenizer, qformerTokenizer } = t5;
    const processor = new InstructBlipProcessor(imageProcessor, tokenizer, qformerTokenizer);
    expect(processor).toBeInstanceOf(InstructBlipProcessor);
    expect(processor).toBeTypeOf("function");
    expect(processor.numQueryTokens).toBeUndefined();
    expect(new InstructBlipProcessor(imageProcessor, tokenizer, qformerTokenizer, 32).numQueryTokens).toBe(
      32,
    );
    for (const [wrong, name] of [
      [() => new InstructBlipProcessor({} as never, tokenizer, qformerTokenizer), "`imageProcessor`"],
      [() => new InstructBlipProcessor(imageProcessor, imageProcessor as never, tokenizer), "`tokenizer`"],
      [() => new InstructBlipProcessor(imageProcessor, tokenizer, {} as never), "`qformerTokenizer`"],
      [() => new InstructBlipProcessor(imageProcessor, tokenizer, tokenizer, 0), "`numQueryTokens`"],
    ] as const) {
      expect(wrong).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      expect(wrong).toThrow(name);
    }
  });

  it("takes parts that were loaded one by one", async () => {
    const folder = "models/tiny-shapes-t5";
    const processor = new InstructBlipProcessor(
      await BlipImageProcessor.fromPretrained(folder),
      await AutoTokenizer.fromPretrained("tiny-shapes-t5"),
      await AutoTokenizer.fromPretrained(folder, { subfolder: "qformer_tokenizer" }),
    );
    const inputs = { images: flat(1, 2, 3), text: QUESTION };
    expect(await processor(inputs)).toEqual(await t5(inputs));
  });
});
