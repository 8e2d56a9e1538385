import { execFile } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BlipImageProcessor,
  configureImageThreads,
  IMAGE_LIMITS,
  type ImageInput,
  loadImage,
} from "../../../ts-client/src/image/index.ts";

const SIZE = { size: { height: 6, width: 8 } };
const processor = new BlipImageProcessor(SIZE);
const png = () =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: "#ff8000" } })
    .png()
    .toBuffer();
const ORANGE = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => [255, 128, 0][i % 3]!);

beforeAll(async () => {
  // The first picture starts a thread, which compiles the sources.
  await processor.prepare(await png());
}, 120_000);

describe("prepare", () => {
  it("takes a file's bytes as any kind of buffer", async () => {
    const bytes = await png();
    const exact = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    for (const input of [bytes, new Uint8Array(bytes), exact, new Blob([exact]), shared]) {
      const { dtype, shape, data } = await processor.prepare(input);
      expect({ dtype, shape, data }).toEqual({ dtype: "uint8", shape: [6, 8, 3], data: ORANGE });
    }
  });

  it("leaves the caller's memory as it was", async () => {
    const bytes = await png();
    const copy = Buffer.from(bytes);
    await Promise.all([processor.prepare(bytes), processor.prepare(bytes)]);
    expect(bytes.equals(copy)).toBe(true);
  });

  it("takes decoded samples, a view into larger memory too", async () => {
    const memory = new Uint8ClampedArray(1000);
    const data = memory.subarray(100, 100 + 4 * 3 * 4);
    data.forEach((_, i) => {
      data[i] = [255, 128, 0, 77][i % 4]!;
    });
    expect((await processor.prepare({ data, width: 4, height: 3, channels: 4 })).data).toEqual(ORANGE);
  });

  it("keeps the size when the configuration says not to resize", async () => {
    const plain = new BlipImageProcessor({ do_resize: false });
    expect((await plain.prepare(await png())).shape).toEqual([10, 20, 3]);
  });

  it.each<[string, unknown, string, string]>([
    ["a path", "kitchen.jpg", "INVALID_ARGUMENT", "await loadImage(path)"],
    ["an address", new URL("https://example.com/a.jpg"), "INVALID_ARGUMENT", "download an address yourself"],
    ["nothing", null, "INVALID_ARGUMENT", "but null was given"],
    ["an SVG", Buffer.from("<svg/>"), "IMAGE_REJECTED", "it is an SVG drawing"],
    ["a large blob", new Blob([new Uint8Array(IMAGE_LIMITS.bytes + 1)]), "IMAGE_REJECTED", "33554432 bytes"],
    [
      "a fraction of a size",
      { data: new Uint8Array(3), width: 0.5, height: 2, channels: 3 },
      "INVALID_ARGUMENT",
      "image.width",
    ],
    [
      "five channels",
      { data: new Uint8Array(5), width: 1, height: 1, channels: 5 },
      "INVALID_ARGUMENT",
      "1, 2, 3 or 4",
    ],
    [
      "too few samples",
      { data: new Uint8Array(5), width: 2, height: 1, channels: 3 },
      "INVALID_ARGUMENT",
      "6 samples for 2×1×3",
    ],
    [
      "samples of floats",
      { data: new Float32Array(3), width: 1, height: 1, channels: 3 },
      "INVALID_ARGUMENT",
      "Uint8Array",
    ],
    [
      "samples over the limit",
      { data: new Uint8Array(1), width: 9000, height: 8000, channels: 1 },
      "IMAGE_REJECTED",
      "64000000",
    ],
  ])("refuses %s", async (_, input, code, message) => {
    const refused = processor.prepare(input as ImageInput);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("names the picture that was refused", async () => {
    const cut = (await png()).subarray(0, 60);
    const refused = processor.prepare(cut, { path: "images[3]" });
    await expect(refused).rejects.toMatchObject({ code: "IMAGE_REJECTED", path: "images[3]" });
    await expect(refused).rejects.toThrow(/^`images\[3\]` was refused: it could not be decoded \(/);
  });

  it("gives up at once when it is aborted", async () => {
    const bytes = await png();
    const reason = new Error("enough");
    await expect(processor.prepare(bytes, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const many = Array.from({ length: 40 }, () => processor.prepare(bytes, { signal: abort.signal }));
    abort.abort(reason);
    const outcomes = await Promise.allSettled(many);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual(
      many.map(() => reason),
    );
    expect((await processor.prepare(bytes)).data).toEqual(ORANGE);
  });

  it("decodes and resizes off the event loop", async () => {
    const large = await sharp({ create: { width: 4000, height: 3000, channels: 3, background: "#123456" } })
      .jpeg()
      .toBuffer();
    let pending = 3;
    const prepared = [1, 2, 3].map(() => processor.prepare(large).finally(() => pending--));
    let turns = 0;
    while (pending > 0) {
      await setImmediate();
      turns++;
    }
    await Promise.all(prepared);
    // Done on this thread, each picture would be one long turn.
    expect(turns).toBeGreaterThan(100);
  });
});

describe("the configuration", () => {
  it("has transformers' defaults", () => {
    expect(new BlipImageProcessor().config).toMatchObject({ size: { height: 384, width: 384 }, resample: 3 });
  });

  it.each<[string, object, string]>([
    ["lanczos", { resample: 1 }, "The filter `lanczos` is not supported."],
    ["an unknown filter", { resample: 9 }, "2 (bilinear), 3 (bicubic), 4 (box)"],
    ["a size by its shortest edge", { size: { shortest_edge: 224 } }, "{ height, width }"],
    ["a crop", { do_center_crop: true }, "do_center_crop"],
    ["other than RGB", { do_convert_rgb: false }, "do_convert_rgb"],
    ["two means", { image_mean: [0, 1] }, "three numbers"],
    ["a deviation of zero", { image_std: [1, 0, 1] }, "image_std"],
    ["words for numbers", { rescale_factor: "1/255" }, "rescale_factor"],
    ["words for flags", { do_resize: "yes" }, "do_resize"],
  ])("with %s is refused by name", (_, config, message) => {
    expect(() => new BlipImageProcessor(config)).toThrow(message);
  });

  it("refuses formats that do not exist", () => {
    expect(() => new BlipImageProcessor(SIZE, { imageFormats: ["svg" as never] })).toThrow("imageFormats");
  });

  it("of the threads cannot be changed once they run", async () => {
    await processor.prepare(await png());
    expect(() => configureImageThreads({ threads: 2 })).toThrow("before the first picture");
    expect(() => configureImageThreads({ threads: 0 })).toThrow("from 1 up");
    expect(() => configureImageThreads({ memoryBytes: -1 })).toThrow("above 0");
  });
});

describe("loadImage", () => {
  it("reads a file by path or URL", async () => {
    const folder = await mkdtemp(join(tmpdir(), "image-"));
    const file = join(folder, "a.png");
    await writeFile(file, await png());
    expect((await processor.prepare(await loadImage(file))).data).toEqual(ORANGE);
    expect(await loadImage(pathToFileURL(file))).toEqual(await loadImage(file));
    await rm(folder, { recursive: true });
  });

  it("refuses a file over the limit without reading it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "image-"));
    const file = join(folder, "large.jpg");
    await writeFile(file, "");
    await truncate(file, IMAGE_LIMITS.bytes + 1);
    await expect(loadImage(file)).rejects.toMatchObject({ code: "IMAGE_REJECTED" });
    await rm(folder, { recursive: true });
  });

  it("says which file is missing", async () => {
    await expect(loadImage("/no/such/file.png")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("/no/such/file.png"),
    });
  });
});

describe("a process", () => {
  it("ends by itself after pictures were prepared", async () => {
    const entry = fileURLToPath(new URL("../../../ts-client/src/image/index.ts", import.meta.url));
    const script = `
      import { BlipImageProcessor } from ${JSON.stringify(entry)};
      const image = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
      const { shape } = await new BlipImageProcessor({ size: { height: 3, width: 5 } }).prepare(image);
      console.log(shape.join());
    `;
    const args = ["--import", "tsx", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout.trim()).toBe("3,5,3");
  });
});
