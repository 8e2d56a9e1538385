import { describe, expect, it } from "vitest";
import { Charsmap } from "../../../ts-client/src/tokenizer/normalizer/charsmap.ts";
import { normalizer } from "../../../ts-client/src/tokenizer/normalizer/normalizer.ts";
import { bundledJson } from "./fixtures.ts";

const { normalizer: precompiled } = bundledJson("tiny-shapes-t5", "tokenizer.json") as never as {
  normalizer: { type: string; precompiled_charsmap: string };
};

describe("BertNormalizer", () => {
  const normalize = normalizer({ type: "BertNormalizer" });

  it.each([
    ["accents", "Café ÀÉÎ", "cafe aei"],
    ["a final sigma, letter by letter", "ΟΔΟΣ", "οδοσ"],
    ["Chinese of all planes", "a中𠀀b", "a 中  𠀀 b"],
    ["control characters", "a\0b\u200dc\u00add", "abcd"],
    ["white space", "a\tb\u3000c\nd", "a b c d"],
    ["a dotted capital I", "İ", "i"],
  ])("handles %s", (_, text, expected) => {
    expect(normalize(text)).toBe(expected);
  });

  it("does what it is told and no more", () => {
    const nothing = {
      clean_text: false,
      handle_chinese_chars: false,
      lowercase: false,
      strip_accents: false,
    };
    expect(normalizer({ type: "BertNormalizer", ...nothing })("É\t中")).toBe("É\t中");
    expect(normalizer({ type: "BertNormalizer", ...nothing, strip_accents: true })("ÉÀ")).toBe("EA");
    expect(normalizer({ type: "BertNormalizer", ...nothing, lowercase: true })("É")).toBe("é");
  });
});

describe("Precompiled", () => {
  const normalize = normalizer(precompiled);

  it.each([
    ["compatibility forms", "ﬁ ½ ＡＢ ㌔", "fi 1⁄2 AB キロ"],
    ["decomposed letters", "e\u0301", "é"],
    ["joiners in emoji, which stay", "👨\u200d👩", "👨\u200d👩"],
    ["a line end of two characters as one", "a\r\nb", "a b"],
    ["a rule that swallows the rest of a short grapheme", "ª\u0301", "a"],
    ["plain text", "plain text", "plain text"],
  ])("handles %s", (_, text, expected) => {
    expect(normalize(text)).toBe(expected);
  });

  it("looks up the shortest rule that matches", () => {
    const map = new Charsmap(Buffer.from(precompiled.precompiled_charsmap, "base64"));
    expect(map.lookUp(Buffer.from("ﬁ…"))).toBe("fi");
    expect(map.lookUp(Buffer.from("plain"))).toBeUndefined();
    expect(map.lookUp(Uint8Array.of(0, 1))).toBeUndefined();
    expect(map.lookUp(new Uint8Array())).toBeUndefined();
  });

  it("refuses a charsmap that is none", () => {
    for (const blob of [new Uint8Array(), Uint8Array.of(3, 0, 0, 0), Uint8Array.of(8, 0, 0, 0, 1, 2, 3, 4)]) {
      expect(() => new Charsmap(blob)).toThrow("a charsmap of sentencepiece");
    }
  });
});

describe("other normalisers", () => {
  it.each([
    [{ type: "Prepend", prepend: "▁" }, "a", "▁a"],
    [{ type: "Prepend", prepend: "▁" }, "", ""],
    [{ type: "Replace", pattern: { String: " " }, content: "$&" }, "a b", "a$&b"],
    [{ type: "Replace", pattern: { Regex: " {2,}" }, content: "▁" }, "a   b c", "a▁b c"],
    [{ type: "Strip", strip_left: true, strip_right: false }, "\u0085 a ", "a "],
    [{ type: "Strip", strip_left: false, strip_right: true }, " a\u3000", " a"],
    [{ type: "NFKC" }, "ﬁ", "fi"],
    [{ type: "NFD" }, "é", "e\u0301"],
  ])("%j", (config, text, expected) => {
    expect(normalizer(config)(text)).toBe(expected);
  });

  it("work one after another", () => {
    const normalizers = [{ type: "NFKC" }, { type: "Prepend", prepend: ">" }];
    expect(normalizer({ type: "Sequence", normalizers })("ﬁ")).toBe(">fi");
  });
});
