import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";
import { runPython } from "../../support/python.ts";
import { randomNumbers, testStrings } from "./strings.ts";

const COUNT = 2500;
const MAX_LENGTH = 24;
const CHECKPOINTS = ["tiny-shapes-t5", "tiny-shapes-llama"];
const FOLDERS = [...CHECKPOINTS, ...CHECKPOINTS.map((name) => `${name}/qformer_tokenizer`)];

interface Answers {
  readonly ids: number[][];
  readonly truncated: number[][];
  readonly padded: [number[][], number[][]];
  readonly paddedRight: [number[][], number[][]];
  readonly decoded: string[];
  readonly skipped: string[];
  readonly cleaned: string[];
  readonly padTokenId: number;
  readonly vocabulary: number;
}

describe.each(FOLDERS)("%s", (name) => {
  it("reads and writes text as transformers does", { timeout: 120_000 }, async () => {
    const folder = join("models", name);
    const tokenizer = await openTokenizer(folder);
    const texts = testStrings(COUNT);
    const sequences = randomSequences(1500, 1500);
    const python = await askPython({ tokenizer: folder, texts, maxLength: MAX_LENGTH, sequences });

    const differing = texts.filter((text, i) => !equal(tokenizer.encode(text), python.ids[i]));
    const report = `${name}: ${texts.length} texts, ${differing.length} differ; ${sequences.length} sequences decoded`;
    console.log(report);
    expect(differing.slice(0, 10)).toEqual([]);

    const truncated = texts.map((text) => tokenizer.encode(text, { maxLength: MAX_LENGTH }));
    expect(truncated).toEqual(python.truncated);
    const first = texts.slice(0, 200);
    const padded = tokenizer.encodeBatch(first, { padding: true, maxLength: MAX_LENGTH });
    expect([padded.inputIds.toArray(), padded.attentionMask.toArray()]).toEqual(python.padded);
    const right = tokenizer.encodeBatch(first, {
      padding: true,
      maxLength: MAX_LENGTH,
      paddingSide: "right",
    });
    expect([right.inputIds.toArray(), right.attentionMask.toArray()]).toEqual(python.paddedRight);

    expect(tokenizer.padTokenId).toBe(python.padTokenId);
    expect(tokenizer.batchDecode(sequences)).toEqual(python.decoded);
    expect(tokenizer.batchDecode(sequences, { skipSpecialTokens: true })).toEqual(python.skipped);
    expect(tokenizer.batchDecode(sequences, { cleanUpTokenizationSpaces: true })).toEqual(python.cleaned);
  });
});

async function openTokenizer(folder: string): Promise<Tokenizer> {
  const read = async (file: string) => JSON.parse(await readFile(join(folder, file), "utf8"));
  return new Tokenizer(await read("tokenizer.json"), await read("tokenizer_config.json"));
}

async function askPython(cases: object): Promise<Answers> {
  const folder = await mkdtemp(join(tmpdir(), "tokens-"));
  try {
    const file = join(folder, "cases.json");
    await writeFile(file, JSON.stringify(cases));
    return JSON.parse(await runPython("parity/processor/tokens.py", [file]));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Sequences of ids from all over the vocabulary and somewhat past it. */
function randomSequences(count: number, upTo: number): number[][] {
  const random = randomNumbers(7);
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(random() * 30) }, () => {
      const near = random() < 0.4 ? 300 : upTo;
      return Math.floor(random() * near);
    }),
  );
}

function equal(a: readonly number[], b: readonly number[] | undefined): boolean {
  return a.length === b?.length && a.every((id, i) => id === b[i]);
}
