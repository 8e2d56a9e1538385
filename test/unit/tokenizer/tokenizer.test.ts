import { describe, expect, it } from "vitest";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { MAX_TEXT_LENGTH, Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";
import { bundledJson, bundledTokenizer, byteLevelTokenizer } from "./fixtures.ts";

const t5 = bundledTokenizer("tiny-shapes-t5");
const llama = bundledTokenizer("tiny-shapes-llama");
const bert = bundledTokenizer("tiny-shapes-t5/qformer_tokenizer");

describe("encode", () => {
  it("frames a text as the checkpoint says", () => {
    expect(t5.encode("")).toEqual([1]);
    expect(llama.encode("")).toEqual([2]);
    expect(bert.encode("")).toEqual([2, 3]);
    expect(t5.encode("", { addSpecialTokens: false })).toEqual([]);
  });

  it("frames LLaMA's texts by its settings, whatever the file has", () => {
    const json = bundledJson("tiny-shapes-llama", "tokenizer.json") as never as { post_processor: unknown };
    const template = JSON.parse(JSON.stringify(json.post_processor).replaceAll("</s>", "[PAD]"));
    const file = { ...json, post_processor: template };
    const settings: object = bundledJson("tiny-shapes-llama", "tokenizer_config.json");
    const open = (changes: object) => new Tokenizer(file, { ...settings, ...changes });
    expect(open({}).encode("")).toEqual([2]);
    expect(open({ add_bos_token: false, add_eos_token: true }).encode("red")).toEqual([
      ...open({}).encode("red").slice(1),
      2,
    ]);
    expect(open({ tokenizer_class: "PreTrainedTokenizerFast" }).encode("")).toEqual([llama.padTokenId]);
  });

  it("finds special tokens inside a text", () => {
    expect(llama.encode("a</s>b").filter((id) => id === 2)).toHaveLength(2);
    expect(bert.encode("x [SEP] y")).toContain(3);
  });

  it("gives one unknown token for a run of unknown characters, and one for each special one", () => {
    const [mark, unknown] = t5.encode("☃☃☃", { addSpecialTokens: false });
    expect(t5.encode("☃☃☃", { addSpecialTokens: false })).toEqual([mark, 2]);
    expect(unknown).toBe(2);
    expect(t5.encode("☃☃ ☃<unk><unk>")).toEqual([mark, 2, mark, 2, 2, 2, 1]);
  });

  it("cuts on the truncation side and keeps the frame", () => {
    const whole = t5.encode("how many red circles are there", { addSpecialTokens: false });
    expect(t5.encode("how many red circles are there", { maxLength: 4 })).toEqual([...whole.slice(-3), 1]);
    const right = bundledTokenizer("tiny-shapes-t5", { truncation_side: "right" });
    expect(right.encode("how many red circles are there", { maxLength: 4 })).toEqual([
      ...whole.slice(0, 3),
      1,
    ]);
    expect(bert.encode("some words", { maxLength: 2 })).toEqual([2, 3]);
  });

  it.each([1, 0, -5, 2.5, Number.NaN])("refuses a length of %d for two special tokens", (maxLength) => {
    expect(() => bert.encode("a", { maxLength })).toThrow("a whole number from 2 up");
  });

  it("reads a lone surrogate as U+FFFD", () => {
    expect(llama.encode("a\ud83d")).toEqual(llama.encode("a\ufffd"));
  });

  it("reads a long text without a space, and refuses a longer one", () => {
    const long = "中".repeat(MAX_TEXT_LENGTH);
    for (const tokenizer of [t5, llama, bert]) expect(tokenizer.encode(long).length).toBeGreaterThan(1);
    expect(() => t5.encode(`${long}!`)).toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }));
    expect(() => t5.encode(7 as never)).toThrow("`text` must be a string");
  });

  it("knows GPT-2's byte level", () => {
    const opt = byteLevelTokenizer();
    expect(opt.encode("hi é")).toEqual([257, 256, 32, 0xc3, 0xa9]);
    expect(opt.decode([257, 256, 32, 0xc3, 0xa9, 0xff], { skipSpecialTokens: true })).toBe("hi é\ufffd");
  });
});

describe("encodeBatch", () => {
  it("pads on the tokenizer's side or on the one that is asked for", () => {
    const rows = ["a", "b c"];
    const { inputIds, attentionMask } = llama.encodeBatch(rows, { padding: true });
    expect(inputIds.shape).toEqual([2, 3]);
    expect(attentionMask.toArray()).toEqual([
      [0, 1, 1],
      [1, 1, 1],
    ]);
    expect(inputIds.at(0, 0).item()).toBe(llama.padTokenId);
    const right = llama.encodeBatch(rows, { padding: true, paddingSide: "right" });
    expect(right.attentionMask.toArray()).toEqual([
      [1, 1, 0],
      [1, 1, 1],
    ]);
  });

  it("pads to a length, but never cuts to it", () => {
    expect(t5.encodeBatch(["", ""], { padding: true, padTo: 4 }).inputIds.shape).toEqual([2, 4]);
    expect(t5.encodeBatch(["one two three"], { padding: true, padTo: 1 }).inputIds.shape[1]).toBeGreaterThan(
      1,
    );
  });

  it("refuses texts of different lengths that are not to be padded", () => {
    expect(() => t5.encodeBatch(["a", "a a a"])).toThrow("`padding` must be true");
    expect(t5.encodeBatch(["a", "a"]).inputIds.shape[0]).toBe(2);
  });

  it("says that a tokenizer has no padding token when one is needed", () => {
    const bare = bundledTokenizer("tiny-shapes-t5", { pad_token: null });
    expect(() => bare.encodeBatch(["a", "a a"], { padding: true })).toThrow("no padding token");
  });
});

describe("decode", () => {
  it("takes arrays, bigints and tensors", () => {
    const { inputIds } = t5.encodeBatch(["how many", "red circle"], { padding: true });
    const options = { skipSpecialTokens: true };
    expect(t5.batchDecode(inputIds, options)).toEqual(["how many", "red circle"]);
    expect(t5.decode(inputIds.slice(0), options)).toBe("how many");
    expect(t5.decode([...inputIds.slice(1).data], options)).toBe("red circle");
    expect(t5.batchDecode([t5.encode("a"), inputIds.slice(0)], options)).toEqual(["a", "how many"]);
  });

  it("leaves out ids that no token has", () => {
    expect(t5.decode([999_999])).toBe("");
    expect(t5.decode([])).toBe("");
  });

  it("takes single ids, each a sequence where there are several", () => {
    const [red = 0, ...rest] = t5.encode("red");
    expect([t5.decode(red), t5.decode(BigInt(red))]).toEqual(["red", "red"]);
    expect(t5.batchDecode([red, ...rest])).toEqual(["red", "</s>"]);
    expect(t5.batchDecode(new Tensor("int64", [1], BigInt64Array.of(BigInt(red))))).toEqual(["red"]);
    expect(t5.decode(new Tensor("int32", [], Int32Array.of(red)))).toBe("red");
  });

  it.each<[string, (tokenizer: Tokenizer) => unknown, string]>([
    ["labels", (t) => t.decode([1, -100]), "such as the -100 of labels"],
    ["fractions", (t) => t.decode([0.5]), "`ids[0]`"],
    ["texts", (t) => t.decode("red" as never), "a sequence of token ids"],
    ["texts in arrays", (t) => t.batchDecode(["red"] as never), "`sequences[0]`"],
    ["nothing", (t) => t.decode(undefined as never), "a sequence of token ids"],
    [
      "a tensor of rows for one",
      (t) => t.decode(new Tensor("int64", [1, 1], BigInt64Array.of(1n))),
      "batchDecode",
    ],
    [
      "a tensor of cubes",
      (t) => t.batchDecode(new Tensor("int32", [0, 1, 1], new Int32Array())),
      "[rows, length]",
    ],
    ["logits", (t) => t.decode(new Tensor("float32", [1], Float32Array.of(1)) as never), "float32 [1]"],
    ["sequences of sequences", (t) => t.batchDecode([[[1]]] as never), "one sequence of token ids"],
    [
      "a Python option",
      (t) => t.decode([1], { skip_special_tokens: true } as object),
      "`skipSpecialTokens`?",
    ],
    ["an option that is none", (t) => t.decode([1], { skipSpecialTokens: 1 } as never), "true or false"],
  ])("refuses %s", (_, decode, message) => {
    expect(() => decode(t5)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => decode(t5)).toThrow(message);
  });

  it("cleans up as the configuration says, but never for BPE", () => {
    const ids = t5.encode("it 's ok .", { addSpecialTokens: false });
    expect(t5.decode(ids)).toBe("it 's ok .");
    expect(t5.decode(ids, { cleanUpTokenizationSpaces: true })).toBe("it's ok.");
    const cleaning = bundledTokenizer("tiny-shapes-t5", { clean_up_tokenization_spaces: true });
    expect(cleaning.decode(ids)).toBe("it's ok.");
    const bpe = llama.encode("ok .", { addSpecialTokens: false });
    expect(llama.decode(bpe, { cleanUpTokenizationSpaces: true })).toBe("ok .");
  });

  it("spells out bytes, with one U+FFFD for each byte of what is no UTF-8", () => {
    const ids = llama.encode("日", { addSpecialTokens: false }).slice(-3);
    expect(llama.decode(ids)).toBe("日");
    expect(llama.decode(ids.slice(0, 2))).toBe("\ufffd\ufffd");
  });
});

describe("the settings", () => {
  it("default to transformers'", () => {
    const { settings } = bundledTokenizer("tiny-shapes-t5", {
      truncation_side: null,
      model_max_length: 1e30,
      tokenizer_class: "LlamaTokenizerFast",
    });
    expect(settings).toMatchObject({
      paddingSide: "left",
      truncationSide: "right",
      modelMaxLength: undefined,
    });
    expect(t5.modelMaxLength).toBe(512);
    expect([t5.eosTokenId, t5.bosTokenId, llama.bosTokenId]).toEqual([1, undefined, 2]);
  });

  it("take a token that is written as an object", () => {
    const older = bundledTokenizer("tiny-shapes-t5", { pad_token: { content: "<pad>", lstrip: false } });
    expect(older.padTokenId).toBe(0);
  });

  const json: object = bundledJson("tiny-shapes-t5", "tokenizer.json");
  it.each<[string, unknown, object, string]>([
    ["no object", [], {}, "tokenizer.json must be an object"],
    ["no added tokens", {}, {}, "`added_tokens`"],
    ["an unknown normaliser", { ...json, normalizer: { type: "Nmt" } }, {}, "Nmt"],
    [
      "an unknown pre-tokenizer",
      { ...json, pre_tokenizer: { type: "UnicodeScripts" } },
      {},
      "UnicodeScripts",
    ],
    ["an unknown decoder", { ...json, decoder: { type: "CTC" } }, {}, "CTC"],
    ["an unknown model", { ...json, model: { type: "Magic" } }, {}, "Magic"],
    ["a step without a type", { ...json, decoder: {} }, {}, "decoder has no `type`"],
    [
      "a damaged charsmap",
      { ...json, normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } },
      {},
      "charsmap",
    ],
    ["a side that is none", json, { padding_side: "up" }, "padding_side"],
  ])("with %s are refused", (_, tokenizer, config, message) => {
    expect(() => new Tokenizer(tokenizer, config)).toThrow(message);
  });
});
