import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BatchFeature,
  InstructBlipProcessor,
  type ProcessorInputs,
} from "../../../ts-client/src/processor/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { runPython } from "../../support/python.ts";

/** One call in both languages; images are indices of pictures. */
interface Call {
  readonly images: number | readonly number[] | null;
  readonly text: string | readonly string[] | null;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

type Tensors = Readonly<Record<string, unknown>>;

interface Answer {
  readonly calls: readonly Tensors[];
  readonly saved: readonly (readonly Tensors[])[];
  readonly decoded: Readonly<Record<"plain" | "skipped" | "cleaned" | "single", string[]>>;
  readonly trap: { readonly ours: number; readonly left: number };
}

const LAYOUTS = ["both", "processor_config", "preprocessor_config"] as const;
const TRAP = ["red", "how many small red circles are there to the left of the big blue square?"];
const QUESTION = "What is unusual about this image?";
const LONG = "the red circle is above the blue square and ".repeat(9);
const TEXTS = ["", "red", QUESTION, "  two  spaces, naïve café 🙂", LONG];

const BATCH = { padding: true };
const CALLS: readonly Call[] = [
  { images: 0, text: QUESTION, kwargs: {} },
  { images: 1, text: "", kwargs: {} },
  { images: [0, 1, 2, 3, 0], text: TEXTS, kwargs: BATCH },
  { images: [2, 1], text: ["red", LONG], kwargs: { padding: "longest" } },
  { images: [3], text: [QUESTION], kwargs: { ...BATCH, pad_to_multiple_of: 16 } },
  { images: 2, text: null, kwargs: {} },
  { images: [0, 3], text: null, kwargs: {} },
  { images: null, text: QUESTION, kwargs: {} },
  { images: null, text: TEXTS, kwargs: BATCH },
  { images: null, text: TEXTS, kwargs: { ...BATCH, add_special_tokens: false } },
  { images: null, text: TEXTS, kwargs: { ...BATCH, pad_to_multiple_of: 8 } },
  { images: null, text: TEXTS, kwargs: { ...BATCH, truncation: true, max_length: 7 } },
  { images: null, text: TEXTS, kwargs: { ...BATCH, truncation: "longest_first", max_length: 24 } },
  {
    images: null,
    text: TEXTS,
    kwargs: { ...BATCH, truncation: true, max_length: 16, pad_to_multiple_of: 8 },
  },
  { images: null, text: TEXTS, kwargs: { padding: "max_length", truncation: true, max_length: 12 } },
  { images: null, text: TEXTS, kwargs: { padding: "max_length", max_length: 400 } },
  { images: null, text: LONG, kwargs: { max_length: 9 } },
  { images: null, text: LONG, kwargs: { truncation: "only_first", max_length: 10, padding: false } },
  { images: null, text: LONG, kwargs: { truncation: false } },
  { images: 0, text: LONG, kwargs: { max_length: 9, padding: false } },
  { images: 0, text: LONG, kwargs: { padding: "do_not_pad" } },
];
/** Ids of words, of bytes, special ones, and past the vocabulary. */
const SEQUENCES = [[], [1], [0, 1, 2, 3], [2, 400, 401, 402, 1], [9999], ...idsInSteps()];

const PICTURES = ["alone.jpg", "pair.png", "stars.jpg", "three.png"].map(
  (name) => `examples/pictures/${name}`,
);
const MODELS = ["tiny-shapes-t5", "tiny-shapes-llama"];

let folder: string;
let processors: InstructBlipProcessor[];
let pictures: Uint8Array[];
let answers: Answer[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "processors-"));
  processors = await Promise.all(MODELS.map((model) => InstructBlipProcessor.fromPretrained(model)));
  pictures = await Promise.all(PICTURES.map((file) => readFile(file)));
  const models = await Promise.all(processors.map(prepareModel));
  const cases = { pictures: PICTURES, calls: CALLS, sequences: SEQUENCES, models };
  await writeFile(join(folder, "cases.json"), JSON.stringify(cases));
  await runPython("parity/processor/processors.py", [folder]);
  answers = JSON.parse(await readFile(join(folder, "answers.json"), "utf8"));
}, 180_000);

afterAll(() => rm(folder, { recursive: true }));

describe.each(MODELS.map((model, i) => ({ model, i })))("the processor of $model", ({ model, i }) => {
  it("gives the tensors that transformers gives", async () => {
    const given = await Promise.all(CALLS.map((call) => run(processors[i]!, call)));
    const differing = differences(given, answers[i]!.calls);
    console.log(`${model}: ${CALLS.length} calls, ${differing.length} differ`);
    expect(differing).toEqual([]);
  });

  it.each(LAYOUTS.map((layout, nth) => ({ layout, nth })))(
    "is read by transformers, saved in the layout $layout",
    ({ nth }) => {
      expect(differences(answers[i]!.saved[nth]!, answers[i]!.calls)).toEqual([]);
    },
  );

  it("is read as transformers saved it", async () => {
    const processor = await InstructBlipProcessor.fromPretrained(join(folder, "python", model));
    const given = await Promise.all(CALLS.map((call) => run(processor, call)));
    expect(differences(given, answers[i]!.calls)).toEqual([]);
    expect(processor.numQueryTokens).toBe(8);
  });

  it("gives the texts that transformers gives", () => {
    const processor = processors[i]!;
    const skip = { skipSpecialTokens: true };
    const { plain, skipped, cleaned, single } = answers[i]!.decoded;
    expect(processor.batchDecode(SEQUENCES)).toEqual(plain);
    expect(processor.batchDecode(SEQUENCES, skip)).toEqual(skipped);
    expect(processor.batchDecode(SEQUENCES, { ...skip, cleanUpTokenizationSpaces: true })).toEqual(cleaned);
    expect(SEQUENCES.map((ids) => processor.decode(ids, skip))).toEqual(single);
    const rows = SEQUENCES.filter(({ length }) => length === 4);
    const tensor = new Tensor("int64", [rows.length, 4], BigInt64Array.from(rows.flat(), BigInt));
    expect(processor.batchDecode(tensor)).toEqual(rows.map((ids) => plain[SEQUENCES.indexOf(ids)]));
  });

  it("pads the Q-Former's text on the right, where padding on the left changes a picture's features", () => {
    const { ours, left } = answers[i]!.trap;
    console.log(
      `${model}: features of a batch ${ours.toExponential(1)} from those alone, ${left.toFixed(3)} padded left`,
    );
    expect(ours).toBeLessThan(1e-4);
    expect(left).toBeGreaterThan(0.01);
  });
});

/** Saves a processor in every layout, and has the trap's texts tokenised. */
async function prepareModel(processor: InstructBlipProcessor, i: number) {
  const saved = LAYOUTS.map((layout) => join(folder, "ts", `${MODELS[i]}-${layout}`));
  await Promise.all(saved.map((to, nth) => processor.savePretrained(to, { layout: LAYOUTS[nth]! })));
  const { qformerInputIds, qformerAttentionMask } = await processor({ text: TRAP, paddingSide: "left" });
  const trap = { text: TRAP, ids: qformerInputIds.toArray(), mask: qformerAttentionMask.toArray() };
  return { checkpoint: `models/${MODELS[i]}`, saved, python: join(folder, "python", MODELS[i]!), trap };
}

/** The same call here, its tensors as JSON can hold them. */
async function run(processor: InstructBlipProcessor, { images, text, kwargs }: Call): Promise<Tensors> {
  const chosen = typeof images === "number" ? pictures[images] : images?.map((nth) => pictures[nth]!);
  const options = Object.entries(kwargs).map(([name, value]) => [
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const inputs = {
    ...Object.fromEntries(options),
    ...(chosen && { images: chosen }),
    ...(text !== null && { text }),
  };
  const result = (await processor(inputs as ProcessorInputs)) as Partial<BatchFeature>;
  const { pixelValues, ...ids } = result;
  // Without a text, transformers prepares none; here it is the empty one.
  const texts = text === null ? [] : Object.entries(ids).map(([name, tensor]) => [name, tensor.toArray()]);
  const pixels = pixelValues && {
    shape: pixelValues.shape,
    pixels: createHash("sha256").update(pixelValues.bytes()).digest("hex"),
  };
  return { ...Object.fromEntries(texts), ...pixels };
}

/** The calls that differ, and in what. */
function differences(given: readonly Tensors[], expected: readonly Tensors[]): object[] {
  return CALLS.flatMap(({ kwargs, images }, nth) => {
    const [one, other] = [given[nth] ?? {}, expected[nth] ?? {}];
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    const differing = names.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
    return differing.length === 0 ? [] : [{ nth, kwargs, images, differing }];
  });
}

function idsInSteps(): number[][] {
  return Array.from({ length: 60 }, (_, nth) =>
    Array.from({ length: nth % 9 }, (_, j) => (nth * 37 + j * 101) % 1405),
  );
}
