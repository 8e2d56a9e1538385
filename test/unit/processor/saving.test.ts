import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlipImageProcessor } from "../../../ts-client/src/image/index.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";

let root: string;
let t5: InstructBlipProcessor;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "processor-"));
  t5 = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5");
});
afterAll(() => rm(root, { recursive: true }));

const json = async (...path: string[]) => JSON.parse(await readFile(join(...path), "utf8"));
const TOKENIZERS = ["", "qformer_tokenizer/"].flatMap((at) => [
  `${at}tokenizer.json`,
  `${at}tokenizer_config.json`,
]);

describe("savePretrained", () => {
  it.each([
    ["both", ["processor_config.json", "preprocessor_config.json"]],
    ["processor_config", ["processor_config.json"]],
    ["preprocessor_config", ["preprocessor_config.json"]],
  ] as const)("writes the files of the layout %s, and reads them", async (layout, files) => {
    const folder = join(root, layout, "within");
    await t5.savePretrained(folder, { layout });
    const all = [...TOKENIZERS, "processor_config.json", "preprocessor_config.json"];
    expect(all.filter((name) => existsSync(join(folder, name)))).toEqual([...TOKENIZERS, ...files]);
    for (const name of files) {
      expect(await json(folder, name)).toEqual(await json("models/tiny-shapes-t5", name));
    }
    const read = await InstructBlipProcessor.fromPretrained(folder);
    expect(read.imageProcessor.config).toEqual(t5.imageProcessor.config);
    expect(await read({ text: "red" })).toEqual(await t5({ text: "red" }));
    expect(read.numQueryTokens).toBe(layout === "preprocessor_config" ? undefined : 8);
  });

  it("keeps settings of one's own", async () => {
    const imageProcessor = new BlipImageProcessor({
      size: { height: 56, width: 28 },
      imageMean: [0, 0, 0],
      doRescale: false,
    });
    const { tokenizer, qformerTokenizer } = t5;
    const folder = join(root, "own");
    await new InstructBlipProcessor(imageProcessor, tokenizer, qformerTokenizer).savePretrained(folder);
    const read = await InstructBlipProcessor.fromPretrained(folder);
    expect(read.imageProcessor.config).toEqual(imageProcessor.config);
    expect(read.numQueryTokens).toBeUndefined();
    await imageProcessor.savePretrained(join(root, "image"));
    expect((await BlipImageProcessor.fromPretrained(join(root, "image"))).config).toEqual(
      imageProcessor.config,
    );
  });

  it("knows the number of queries from the model's configuration, where the processor's says nothing", async () => {
    const { "config.json": config, ...files } = {
      "config.json": await readFile("models/tiny-shapes-t5/config.json"),
      "preprocessor_config.json": await readFile("models/tiny-shapes-t5/preprocessor_config.json"),
    };
    const tokenizers = Object.fromEntries(
      await Promise.all(
        TOKENIZERS.map(async (name) => [name, await readFile(join("models/tiny-shapes-t5", name))] as const),
      ),
    );
    const older = { ...files, ...tokenizers };
    expect(InstructBlipProcessor.fromAssets({ hash: "", files: older }).numQueryTokens).toBeUndefined();
    const whole = { ...older, "config.json": config };
    expect(InstructBlipProcessor.fromAssets({ hash: "", files: whole }).numQueryTokens).toBe(8);
  });

  it("refuses an older layout beside a file that would be believed instead", async () => {
    const folder = join(root, "stale");
    await t5.savePretrained(folder, { layout: "processor_config" });
    await expect(t5.savePretrained(folder, { layout: "preprocessor_config" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("processor_config.json, which readers believe first"),
    });
    await t5.savePretrained(folder, { layout: "both" });
  });

  it.each([
    ["an unknown layout", "somewhere", { layout: "old" }, "`layout`"],
    ["no folder", undefined, {}, "`folder`"],
    ["a file", "package.json", {}, "a folder and not a file"],
  ])("refuses %s", async (_, folder, options, message) => {
    const refused = t5.savePretrained(folder as string, options as object);
    await expect(refused).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(refused).rejects.toThrow(message);
  });
});
