import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadImage } from "../../../ts-client/src/image/index.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { runPython } from "../../support/python.ts";

/** A picture that Python made, and what it is called. */
interface Case {
  readonly name: string;
  readonly file: string;
  /** Pillow's mode when it was opened. */
  readonly mode: string;
  readonly width: number;
  readonly height: number;
}

/** Formats that are decoded by another library than Pillow's, and so are accepted only on request. */
const OWN_DECODER = new Set(["avif"]);
const LEVEL = 1 / 255 / 0.26130258;

let folder: string;
let cases: readonly Case[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pictures-"));
  await runPython("parity/processor/pictures.py", [folder, "models/tiny-shapes-t5"]);
  const { pillow, pictures } = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
  cases = pictures.filter((picture: Case) => isResizedAlike(picture, pillow));
}, 600_000);

afterAll(() => rm(folder, { recursive: true }));

describe("pixelValues", () => {
  it("are bit-equal to those of transformers' PIL processor", async () => {
    const processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5", {
      imageFormats: ["avif", "tiff"],
    });
    const exact = cases.filter(({ file }) => !OWN_DECODER.has(extension(file)));
    const differing: string[] = [];
    for (const { name, file, mode } of exact) {
      const { pixelValues } = await processor({ images: await loadImage(join(folder, file)) });
      const largest = largestDifference(pixelValues.data, await expected(name));
      if (largest > 0) differing.push(`${name} (${mode}): up to ${(largest / LEVEL).toFixed(1)} levels`);
    }
    console.log(`${exact.length} pictures, ${differing.length} differ by so much as a bit`);
    expect(exact.length).toBeGreaterThanOrEqual(60);
    expect(differing).toEqual([]);
  });

  it("of formats with another decoder than Pillow's are close", async () => {
    const processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5", {
      imageFormats: ["avif"],
    });
    for (const { name, file } of cases.filter(({ file }) => OWN_DECODER.has(extension(file)))) {
      const { pixelValues } = await processor({ images: await loadImage(join(folder, file)) });
      const values = await expected(name);
      const differences = values.map(
        (value, i) => Math.abs(value - (pixelValues.data[i] ?? Number.NaN)) / LEVEL,
      );
      const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
      const largest = differences.reduce((most, value) => Math.max(most, value), 0);
      console.log(`${name}: ${mean.toFixed(2)} levels on average, at most ${largest.toFixed(1)}`);
      expect(mean).toBeLessThan(8);
    }
  });
});

/** Before Pillow 13 a tall picture was not resized along its height first, which is a level or so apart. */
function isResizedAlike({ width, height }: Case, pillow: string): boolean {
  const isTall = height > 224 && height - 224 > (width - 224) * 2;
  return !isTall || Number.parseInt(pillow, 10) >= 13;
}

async function expected(name: string): Promise<Float32Array> {
  const { buffer, byteOffset, byteLength } = await readFile(join(folder, `${name}.f32`));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** 0 only when all bits are equal; infinite for lengths that differ. */
function largestDifference(values: Float32Array, others: Float32Array): number {
  if (values.length !== others.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [values[i] as number, others[i] as number];
    if (!Object.is(a, b)) largest = Math.max(largest, Math.abs(a - b), Number.EPSILON);
  }
  return largest;
}

function extension(file: string): string {
  return file.slice(file.lastIndexOf(".") + 1);
}
