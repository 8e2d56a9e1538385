import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecodeOptions, Tokenizer } from "../../../ts-client/src/tokenizer/index.ts";
import { bundledTokenizer, byteLevelTokenizer } from "./fixtures.ts";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

const llama = bundledTokenizer("tiny-shapes-llama");
const TOKENIZERS: [string, Tokenizer, number][] = [
  ["LLaMA's bytes and pieces", llama, 1402],
  ["T5's pieces", bundledTokenizer("tiny-shapes-t5"), 1401],
  ["BERT's word pieces", bundledTokenizer("tiny-shapes-t5/qformer_tokenizer"), 801],
  ["GPT-2's bytes", byteLevelTokenizer(), 258],
];

/** The pieces that come out when ids go in a few at a time. */
function pieces(
  tokenizer: Tokenizer,
  ids: readonly number[],
  step: number,
  options: DecodeOptions,
): string[] {
  const decoder = tokenizer.incrementalDecoder(options);
  const out: string[] = [];
  for (let i = 0; i < ids.length; i += step) out.push(decoder.push(ids.slice(i, i + step)));
  return [...out, decoder.end()];
}

/** Places at which a grapheme of the text ends. */
function boundaries(text: string): Set<number> {
  return new Set([text.length, ...Array.from(graphemes.segment(text), ({ index }) => index)]);
}

describe.each(TOKENIZERS)("pieces of %s", (_, tokenizer, vocabulary) => {
  const ids = fc.array(fc.oneof(fc.nat(vocabulary), fc.nat(260)), { maxLength: 40 });
  const options = fc.record({ skipSpecialTokens: fc.boolean(), cleanUpTokenizationSpaces: fc.boolean() });

  it("are whole graphemes and together the decoded text", () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 5 }), options, (sequence, step, given) => {
        const out = pieces(tokenizer, sequence, step, given);
        const text = tokenizer.decode(sequence, given);
        expect(out.join("")).toBe(text);
        const ends = boundaries(text);
        let at = 0;
        for (const piece of out) {
          at += piece.length;
          expect(ends.has(at)).toBe(true);
        }
      }),
    );
  });
});

describe("pieces of text", () => {
  it.each(["a family 👨‍👩‍👧‍👦 and flags 🇩🇪🇫🇷", "e\u0301\u0323 and 한국어 \u1112\u1161\u11ab", "a\r\nb"])(
    "never end inside a grapheme of %j",
    (text) => {
      const ids = llama.encode(text, { addSpecialTokens: false });
      const out = pieces(llama, ids, 1, {});
      expect(out.join("")).toBe(text);
      const whole = Array.from(graphemes.segment(text), ({ segment }) => segment);
      const found = out.flatMap((piece) => Array.from(graphemes.segment(piece), ({ segment }) => segment));
      expect(found).toEqual(whole);
    },
  );

  it("come as soon as the next grapheme begins", () => {
    const decoder = llama.incrementalDecoder({ skipSpecialTokens: true });
    const ids = llama.encode("red circle", { addSpecialTokens: false });
    const first = ids.map((id) => decoder.push([id]));
    expect(first.join("").length).toBeGreaterThanOrEqual("red circl".length);
    expect(first.join("") + decoder.end()).toBe("red circle");
  });

  it("are cleaned up across pushes as in one go", () => {
    const t5 = bundledTokenizer("tiny-shapes-t5");
    const ids = t5.encode("the red one 's circle , and they do n't ' see ' it . ok", {
      addSpecialTokens: false,
    });
    const options = { cleanUpTokenizationSpaces: true };
    expect(pieces(t5, ids, 1, options).join("")).toBe(t5.decode(ids, options));
    expect(t5.decode(ids, options)).toContain("one's circle, and they don't");
  });
});
