import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type GenerateInputs,
  type GenerateOptions,
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  loadImage,
  type Tensor,
  WorkerPool,
} from "../../../ts-client/src/index.ts";
import { GENERATION_OPTIONS } from "../../../ts-client/src/model/generation-table.ts";
import { REMOVED_OPTIONS } from "../../../ts-client/src/model/removed-options.ts";
import { runPython } from "../../support/python.ts";

const CHECKPOINTS = ["tiny-shapes-t5", "tiny-shapes-llama"] as const;
const PICTURE = fileURLToPath(new URL("../../../examples/pictures/three.png", import.meta.url));
const PROMPTS = [
  "Describe the image.",
  "What color is the circle?",
  "How many shapes are there? Answer briefly.",
];
const NEW = 7;

/** Options as a caller writes them, and what differs in transformers' own. */
const CASES: readonly (readonly [GenerateOptions, Record<string, unknown>?])[] = [
  [{}],
  [
    { maxLength: 6, minLength: 6 },
    { max_new_tokens: 5, min_new_tokens: 5 },
  ],
  [{ repetitionPenalty: 2, noRepeatNgramSize: 2 }],
  [{ badWordsIds: [[3], [23, 6]], suppressTokens: [17] }],
  [{ beginSuppressTokens: [3, 354], sequenceBias: [[[60], 6]] }],
  [{ forcedEosTokenId: 88, minNewTokens: 3 }],
  [{ exponentialDecayLengthPenalty: [2, 1.5] }],
  [{ eosTokenId: [6, 380], padTokenId: 9 }],
  [{ stopStrings: ["a", "is"] }],
  [
    { watermarkingConfig: { bias: 3, greenlistRatio: 0.4 }, renormalizeLogits: true },
    { watermarking_config: { bias: 3, greenlist_ratio: 0.4 } },
  ],
  [{ useCache: false, outputScores: true }],
  [{ cacheImplementation: "static" }],
  [{ promptLookupNumTokens: 4, maxMatchingNgramSize: 2 }, { prompt_lookup_num_tokens: undefined }],
  [{ numBeams: 4, lengthPenalty: -1, earlyStopping: true }],
  [{ numBeams: 3, numReturnSequences: 3, outputScores: true }],
  [{ numBeams: 2, earlyStopping: "never", minNewTokens: 4 }],
  [{ doSample: true, seed: 5 }],
  [{ doSample: true, seed: 6, temperature: 2, topK: 0, topP: 0.8, numReturnSequences: 2 }],
  [{ doSample: true, seed: 7, temperature: 1.5, typicalP: 0.9, minP: 0.01, outputScores: true }],
  [{ doSample: true, seed: 8, topH: 0.8, epsilonCutoff: 0.001, etaCutoff: 0.001 }],
  [{ doSample: true, seed: 9, numBeams: 2 }],
];

interface Judged {
  readonly tokens: readonly (readonly number[])[];
  readonly scores?: number;
  readonly sequences_scores?: readonly number[];
}

const CANDIDATES = ["red", "a red circle", "three", "blue", "no", "a green star on the left", "5"];

let judged: {
  readonly names: readonly string[];
  readonly answers: Record<string, Judged[][]>;
  /** Of every candidate, by checkpoint and prompt. */
  readonly losses: Record<string, number[][]>;
};

const folderOf = (name: string) => fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));

beforeAll(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "generate-"));
  const [asked = "", answers = ""] = ["asked.json", "answers.json"].map((name) => path.join(folder, name));
  const options = CASES.map(([given, theirs]) => ({ max_new_tokens: NEW, ...snakeCase(given), ...theirs }));
  const checkpoints = CHECKPOINTS.map(folderOf);
  writeFileSync(
    asked,
    JSON.stringify({ checkpoints, picture: PICTURE, prompts: PROMPTS, options, candidates: CANDIDATES }),
  );
  await runPython("parity/generation/generate.py", [asked, answers]);
  judged = JSON.parse(readFileSync(answers, "utf8"));
  rmSync(folder, { recursive: true });
});

describe("options", () => {
  it("has or refuses by name everything that transformers' generate takes", () => {
    const known = new Set([...Object.keys(GENERATION_OPTIONS), ...Object.keys(REMOVED_OPTIONS)]);
    const camel = judged.names.map((name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()));
    expect(camel.length).toBeGreaterThan(60);
    expect(camel.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe.each(CHECKPOINTS)("model.generate with %s", (name) => {
  let pool: WorkerPool;
  let model: InstructBlipForConditionalGeneration;
  let inputs: GenerateInputs;
  let image: Uint8Array;
  beforeAll(async () => {
    pool = await WorkerPool.start({ model: name, threads: 1, logLevel: "error" });
    model = await InstructBlipForConditionalGeneration.fromPretrained(name, { pool });
    const processor = await InstructBlipProcessor.fromPretrained(name);
    image = await loadImage(PICTURE);
    inputs = await processor({ images: image, text: PROMPTS });
  });
  afterAll(() => pool?.close());

  it.each(CASES.map(([given], at) => [given, at] as const))(
    "is transformers' token for token: %o",
    async (given, at) => {
      const lengths = given.maxLength === undefined ? { maxNewTokens: NEW } : {};
      const output = await model.generateDetailed({ ...inputs, ...lengths, ...given });
      const theirs = judged.answers[folderOf(name)]?.[at] ?? [];

      const ours = rows(output.sequences);
      const expected = theirs.flatMap(({ tokens }) => tokens);
      expect(ours).toHaveLength(expected.length);
      for (const [row, tokens] of expected.entries()) expect(unpadded(ours[row])).toEqual(unpadded(tokens));
      if (given.outputScores === true) {
        const { scores, sequencesScores } = output;
        expect(scores?.shape[0]).toBe(
          PROMPTS.length * Math.max(given.numBeams ?? 1, given.numReturnSequences ?? 1),
        );
        const total = theirs.reduce((sum, { scores: own = 0 }) => sum + own, 0);
        if (given.numBeams === undefined) expect(sumOfNumbers(scores) / total).toBeCloseTo(1, 4);
        const best = theirs.flatMap(({ sequences_scores: own = [] }) => own);
        for (const [row, score] of best.entries())
          expect(sequencesScores?.at(row).item()).toBeCloseTo(score, 3);
      }
    },
  );

  it.each(PROMPTS.map((prompt, at) => [prompt, at] as const))(
    "ranks as LAVIS does: %s",
    async (prompt, at) => {
      const losses = judged.losses[folderOf(name)]?.[at] ?? [];
      const order = [...losses.keys()].sort((one, other) => (losses[one] ?? 0) - (losses[other] ?? 0));
      const { best, ranked } = await pool.rank({ image, prompt, candidates: CANDIDATES });
      expect(ranked.map(({ index }) => index)).toEqual(order);
      expect(best.text).toBe(CANDIDATES[order[0] ?? -1]);
      for (const { index, logProb } of ranked) expect(logProb).toBeCloseTo(-(losses[index] ?? 0), 2);
    },
  );

  /** Rows of token ids, without the start token. */
  const rows = (sequences: Tensor<"int64">) =>
    Array.from({ length: sequences.shape[0] ?? 0 }, (_, row) =>
      Array.from(sequences.slice(row).data, Number).slice(1),
    );

  /** A row without the padding at its end, which may also be an id that ended it. */
  const unpadded = (ids: readonly number[] = []) =>
    ids.slice(0, ids.findLastIndex((id) => id !== model.info.padTokenId && id !== 9) + 1);
});

/** The sum of the sizes of all scores that are numbers. */
function sumOfNumbers(scores: Tensor<"float32"> | undefined): number {
  return (scores?.data ?? new Float32Array()).reduce(
    (sum: number, value) => (Number.isFinite(value) ? sum + Math.abs(value) : sum),
    0,
  );
}

/** Options whose names or values differ by more than case; each set says what they are in transformers. */
const OTHERWISE = [
  "watermarkingConfig",
  "maxLength",
  "minLength",
  "promptLookupNumTokens",
  "maxMatchingNgramSize",
];

function snakeCase(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([name]) => !OTHERWISE.includes(name))
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
