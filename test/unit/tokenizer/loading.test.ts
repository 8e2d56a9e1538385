import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";

const SAVED = ["tokenizer.json", "tokenizer_config.json"];
const TEXT = "how many red circles";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
});
afterAll(() => rm(folder, { recursive: true }));

const json = async (...path: string[]) => JSON.parse(await readFile(join(...path), "utf8"));

describe("fromPretrained", () => {
  it("reads a bundled checkpoint's, and another in its folder", async () => {
    const tokenizer = await Tokenizer.fromPretrained("tiny-shapes-llama");
    const qformer = await Tokenizer.fromPretrained("models/tiny-shapes-llama", {
      subfolder: "qformer_tokenizer/",
    });
    expect(tokenizer.settings.tokenizerClass).toBe("LlamaTokenizer");
    expect(qformer.settings.tokenizerClass).toBe("BertTokenizer");
  });

  it("reads what a pool serves", async () => {
    const files = Object.fromEntries(
      await Promise.all(
        SAVED.map(async (name) => [name, await readFile(join("models/tiny-shapes-t5", name))] as const),
      ),
    );
    const pool = {
      models: async () => [{ modelId: "m", source: "org/name" }] as never,
      assets: async () => ({ hash: "h", files }),
    };
    const tokenizer = await Tokenizer.fromPretrained("org/name", { pool });
    expect(tokenizer.encode(TEXT)).toEqual((await Tokenizer.fromPretrained({ pool })).encode(TEXT));
    await expect(
      Tokenizer.fromPretrained("org/name", { pool, subfolder: "qformer_tokenizer" }),
    ).rejects.toThrow("qformer_tokenizer/tokenizer_config.json is missing");
  });

  it("finds special tokens where older checkpoints name them alone", async () => {
    const old = join(folder, "old");
    await cp("models/tiny-shapes-t5", old, { recursive: true });
    const { pad_token, eos_token, ...settings } = await json(old, "tokenizer_config.json");
    await writeFile(join(old, "tokenizer_config.json"), JSON.stringify({ ...settings, pad_token: null }));
    expect((await Tokenizer.fromPretrained(old)).padTokenId).toBeUndefined();
    const map = { pad_token: { content: pad_token }, eos_token, unk_token: "<pad>" };
    await writeFile(join(old, "special_tokens_map.json"), JSON.stringify(map));
    const tokenizer = await Tokenizer.fromPretrained(old);
    expect([tokenizer.padTokenId, tokenizer.eosTokenId]).toEqual([0, 1]);
  });

  it("says what is not there", async () => {
    await expect(Tokenizer.fromPretrained(join(folder, "nowhere"))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: expect.stringContaining("no tokenizer.json"),
    });
    await expect(Tokenizer.fromPretrained("package.json")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });
});

describe("savePretrained", () => {
  it.each(["", "qformer_tokenizer"])("writes what was read: %s", async (subfolder) => {
    const saved = join(folder, "saved", subfolder);
    for (const model of ["tiny-shapes-t5", "tiny-shapes-llama"]) {
      const tokenizer = await Tokenizer.fromPretrained(model, { subfolder });
      await tokenizer.savePretrained(saved);
      for (const name of SAVED) {
        expect(await json(saved, name)).toEqual(await json("models", model, subfolder, name));
      }
      expect((await Tokenizer.fromPretrained(saved)).encode(TEXT)).toEqual(tokenizer.encode(TEXT));
    }
  });

  it("writes a number without a limit as Python does", async () => {
    await (await Tokenizer.fromPretrained("tiny-shapes-llama")).savePretrained(folder);
    const text = await readFile(join(folder, "tokenizer_config.json"), "utf8");
    expect(text).toContain('"model_max_length": 1000000000000000019884624838656');
  });

  it("refuses a folder that is a file", async () => {
    const tokenizer = await Tokenizer.fromPretrained("tiny-shapes-t5");
    await expect(tokenizer.savePretrained("package.json")).rejects.toThrow("a folder and not a file");
    await expect(tokenizer.savePretrained("")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
