import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";
import { normalizer } from "../../../ts-client/src/tokenizer/normalizer/normalizer.ts";
import { preTokenizer } from "../../../ts-client/src/tokenizer/pre-tokenizer/pre-tokenizer.ts";
import { runPython } from "../../support/python.ts";
import { otherLayouts } from "./layouts.ts";
import { randomNumbers, testStrings } from "./strings.ts";

const MAX_LENGTH = 24;
const TEXTS = testStrings(2500);
const SEQUENCES = randomSequences(1500, 1500);
const MODELS = ["models/tiny-shapes-t5", "models/tiny-shapes-llama"];
const FOLDERS = [...MODELS, ...MODELS.map((model) => `${model}/qformer_tokenizer`)];
const SWEPT = ["models/tiny-shapes-t5", "models/tiny-shapes-t5/qformer_tokenizer"];

interface CheckpointAnswers {
  readonly ids: number[][];
  readonly bareIds: number[][];
  readonly truncated: number[][];
  readonly padded: [number[][], number[][]];
  readonly paddedRight: [number[][], number[][]];
  readonly decoded: string[];
  readonly skipped: string[];
  readonly cleaned: string[];
  readonly padTokenId: number;
}

interface Answers {
  readonly checkpoints: CheckpointAnswers[];
  readonly layouts: Pick<CheckpointAnswers, "ids" | "decoded">[];
  readonly sweeps: Record<string, { readonly normalized: string[]; readonly words: string[][] }>;
}

let python: Answers;
let layouts: Record<string, string>;

beforeAll(async () => {
  const [t5 = "", llama = ""] = await Promise.all(
    MODELS.map((model) => readFile(join(model, "tokenizer.json"), "utf8")),
  );
  layouts = otherLayouts(t5, llama);
  python = await askPython();
}, 600_000);

describe.each(FOLDERS.map((folder, i) => ({ folder, i })))("the tokenizer of $folder", ({ folder, i }) => {
  it("gives the ids that transformers gives", async () => {
    const tokenizer = await openTokenizer(folder);
    const expected = python.checkpoints[i]!;
    const differing = TEXTS.filter((text, nth) => !equal(tokenizer.encode(text), expected.ids[nth]));
    console.log(`${folder}: ${TEXTS.length} texts, ${differing.length} differ`);
    expect(differing.slice(0, 10)).toEqual([]);
    expect(TEXTS.map((text) => tokenizer.encode(text, { addSpecialTokens: false }))).toEqual(
      expected.bareIds,
    );
    expect(TEXTS.map((text) => tokenizer.encode(text, { maxLength: MAX_LENGTH }))).toEqual(
      expected.truncated,
    );
  });

  it("pads as transformers does", async () => {
    const tokenizer = await openTokenizer(folder);
    const expected = python.checkpoints[i]!;
    const pad = (side?: "right") => {
      const options = { padding: true, maxLength: MAX_LENGTH, ...(side && { paddingSide: side }) };
      const { inputIds, attentionMask } = tokenizer.encodeBatch(TEXTS.slice(0, 200), options);
      return [inputIds.toArray(), attentionMask.toArray()];
    };
    expect(pad()).toEqual(expected.padded);
    expect(pad("right")).toEqual(expected.paddedRight);
    expect(tokenizer.padTokenId).toBe(expected.padTokenId);
  });

  it("gives the text that transformers gives", async () => {
    const tokenizer = await openTokenizer(folder);
    const expected = python.checkpoints[i]!;
    expect(tokenizer.batchDecode(SEQUENCES)).toEqual(expected.decoded);
    expect(tokenizer.batchDecode(SEQUENCES, { skipSpecialTokens: true })).toEqual(expected.skipped);
    expect(tokenizer.batchDecode(SEQUENCES, { cleanUpTokenizationSpaces: true })).toEqual(expected.cleaned);
  });
});

describe("tokenizer files of other layouts", () => {
  it("are read as the Rust library reads them", () => {
    Object.entries(layouts).forEach(([name, json], i) => {
      const tokenizer = new Tokenizer(JSON.parse(json), {});
      const expected = python.layouts[i]!;
      const differing = TEXTS.filter((text, nth) => !equal(tokenizer.encode(text), expected.ids[nth]));
      console.log(`${name}: ${TEXTS.length} texts, ${differing.length} differ`);
      expect(differing.slice(0, 10)).toEqual([]);
      expect(tokenizer.batchDecode(SEQUENCES)).toEqual(expected.decoded);
    });
  });
});

describe.each(SWEPT)("every code point, for %s", (folder) => {
  it("is normalised and split as by the Rust library", async () => {
    const json = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8"));
    const normalize = normalizer(json.normalizer);
    const split = preTokenizer(json.pre_tokenizer);
    const { normalized, words } = python.sweeps[folder]!;
    const texts = [...codePointBlocks(), ...TEXTS];
    expect(normalized.length).toBe(texts.length);
    expect(texts.filter((text, i) => normalize(text) !== normalized[i]).slice(0, 3)).toEqual([]);
    expect(
      texts.filter((text, i) => split(text, true).join("\0") !== words[i]?.join("\0")).slice(0, 3),
    ).toEqual([]);
  });
});

async function openTokenizer(folder: string): Promise<Tokenizer> {
  const read = async (file: string) => JSON.parse(await readFile(join(folder, file), "utf8"));
  return new Tokenizer(await read("tokenizer.json"), await read("tokenizer_config.json"));
}

async function askPython(): Promise<Answers> {
  const folder = await mkdtemp(join(tmpdir(), "tokens-"));
  try {
    const files = await Promise.all(
      Object.values(layouts).map(async (json, i) => {
        const file = join(folder, `layout-${i}.json`);
        await writeFile(file, json);
        return file;
      }),
    );
    const [cases, answers] = [join(folder, "cases.json"), join(folder, "answers.json")];
    const given = {
      texts: TEXTS,
      maxLength: MAX_LENGTH,
      sequences: SEQUENCES,
      checkpoints: FOLDERS,
      layouts: files,
      sweeps: SWEPT,
    };
    await writeFile(cases, JSON.stringify(given));
    await runPython("parity/processor/tokens.py", [cases, answers]);
    return JSON.parse(await readFile(answers, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Sequences of ids from all over the vocabulary and somewhat past it, many of them bytes. */
function randomSequences(count: number, upTo: number): number[][] {
  const random = randomNumbers(7);
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(random() * 30) }, () => {
      const near = random() < 0.4 ? 300 : upTo;
      return Math.floor(random() * near);
    }),
  );
}

/** `aXb ` for every code point X, 256 of them a text; as in `tokens.py`. */
function codePointBlocks(): string[] {
  return Array.from({ length: 0x110000 / 256 }, (_, i) => {
    const points = Array.from({ length: 256 }, (_, j) => i * 256 + j).filter((c) => c < 0xd800 || c > 0xdfff);
    return points.map((point) => `a${String.fromCodePoint(point)}b `).join("");
  });
}

function equal(a: readonly number[], b: readonly number[] | undefined): boolean {
  return a.length === b?.length && a.every((id, i) => id === b[i]);
}
