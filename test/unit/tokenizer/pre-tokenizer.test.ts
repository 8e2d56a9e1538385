import { describe, expect, it } from "vitest";
import { preTokenizer } from "../../../ts-client/src/tokenizer/pre-tokenizer/pre-tokenizer.ts";
import { CodePointSet } from "../../../ts-client/src/tokenizer/unicode/code-point-set.ts";

describe("pre-tokenizers", () => {
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };

  it.each([
    [{ type: "BertPreTokenizer" }, "it's a.b\u3000c", ["it", "'", "s", "a", ".", "b", "c"]],
    [{ type: "WhitespaceSplit" }, " a  b\u0085c\ufeffd ", ["a", "b", "c\ufeffd"]],
    [metaspace, "a b  c", ["▁a", "▁b", "▁", "▁c"]],
    [metaspace, "▁a", ["▁a"]],
    [{ ...metaspace, split: false }, "a b", ["▁a▁b"]],
    [{ ...metaspace, prepend_scheme: "never" }, "a b", ["a", "▁b"]],
    [{ type: "Metaspace", replacement: "▁", add_prefix_space: true }, "a b", ["▁a", "▁b"]],
    [
      { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] },
      " a b▁c",
      ["▁a", "▁b", "▁c"],
    ],
  ])("%j", (config, text, words) => {
    expect(preTokenizer(config)(text, true)).toEqual(words);
  });

  it("put a mark in front of the first section only, when told so", () => {
    const split = preTokenizer({ ...metaspace, prepend_scheme: "first" });
    expect(split("a", true)).toEqual(["▁a"]);
    expect(split("a", false)).toEqual(["a"]);
  });
});

describe("CodePointSet", () => {
  const set = new CodePointSet("9-d 20 1f600-1f64f");

  it.each([
    [8, false],
    [9, true],
    [0xd, true],
    [0xe, false],
    [0x20, true],
    [0x21, false],
    [0x1f600, true],
    [0x1f64f, true],
    [0x1f650, false],
    [0x10ffff, false],
  ])("U+%d", (codePoint, expected) => {
    expect(set.has(codePoint)).toBe(expected);
  });

  it("looks at the first character of a text", () => {
    expect(set.hasFirstOf("😀a")).toBe(true);
    expect(set.hasFirstOf("a😀")).toBe(false);
  });
});
