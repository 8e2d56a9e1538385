import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextPieces } from "../../../ts-client/src/model/text-pieces.ts";
import { IncrementalDecoder } from "../../../ts-client/src/tokenizer/index.ts";

/** A decoder whose tokens are texts by number. */
function decoderOf(texts: readonly string[], rest: string): IncrementalDecoder {
  const stream = {
    push: (ids: Iterable<number>) => Array.from(ids, (id) => texts[id]).join(""),
    end: () => rest,
  };
  return new IncrementalDecoder(stream as ConstructorParameters<typeof IncrementalDecoder>[0]);
}

function cut(texts: readonly string[], rest = "", stopStrings: readonly string[] = []): string[] {
  const pieces = new TextPieces(decoderOf(texts, rest), stopStrings);
  return [...texts.map((_, token) => pieces.push([token])), pieces.end()].filter((piece) => piece !== "");
}

describe("TextPieces", () => {
  it("gives each piece once its last letter cannot change any more", () => {
    expect(cut(["a dog", " and", " a cat"])).toEqual(["a do", "g an", "d a ca", "t"]);
  });

  it("keeps a letter and its accents together", () => {
    expect(cut(["cafe", "\u0301", " au lait"])).toEqual(["caf", "e\u0301 au lai", "t"]);
  });

  it("keeps a family of emoji together", () => {
    expect(cut(["👩", "\u200d", "👧", "!"])).toEqual(["👩\u200d👧", "!"]);
  });

  it("keeps flags together, two letters each", () => {
    expect(cut(["🇫", "🇷", "🇩", "🇪"])).toEqual(["🇫🇷", "🇩🇪"]);
  });

  it("leaves out white space at both ends, and only there", () => {
    expect(cut(["  \n", " a ", "  b", " \n ", ""], "  ")).toEqual(["a", "   b"]);
  });

  it("adds what the decoder held back to the end", () => {
    expect(cut(["ab"], "c ")).toEqual(["a", "bc"]);
  });

  it("holds back what may become a stop string, until it is one or none", () => {
    expect(cut(["a.", " b.", " STO", "RE", " ST", "OP", " c"], "", [" STOP"])).toEqual([
      "a",
      ". b",
      ".",
      " STOR",
      "E",
      " STOP",
      " c",
    ]);
  });

  it("gives a stop string in one piece, though its end may begin another", () => {
    expect(cut(["x", "a", "a", "a"], "", ["aa"])).toEqual(["x", "aaa"]);
  });

  const parts = fc.array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 4 }),
      fc.constantFrom(" ", "\n", "\u200d", "\u0301", "🇫", "👩", "\r", "각", "ᆨ", "\ufe0f", "क्", "ष"),
    ),
    { maxLength: 12 },
  );
  it("adds up to the trimmed text and cuts between graphemes, whatever the tokens", () => {
    const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
    fc.assert(
      fc.property(parts, (texts) => {
        const pieces = cut(texts);
        const text = texts.join("").trim();
        expect(pieces.join("")).toBe(text);
        const boundaries = new Set(Array.from(graphemes.segment(text), ({ index }) => index));
        let at = 0;
        for (const piece of pieces) {
          expect(boundaries.has(at)).toBe(true);
          at += piece.length;
        }
      }),
      { numRuns: 2000 },
    );
  });

  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", " "), minLength: 1, maxLength: 3 }), {
    maxLength: 12,
  });
  const stopStrings = fc.array(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 }), {
    maxLength: 3,
  });
  it("never cuts within a stop string that ends a text, whatever they are", () => {
    const property = fc.property(texts, stopStrings, (all, stops) => {
      // As a worker does, end with the token that completes the first one.
      const last = all.findIndex((_, at) =>
        stops.some((stop) =>
          all
            .slice(0, at + 1)
            .join("")
            .includes(stop),
        ),
      );
      const ended = last === -1 ? all : all.slice(0, last + 1);
      const pieces = cut(ended, "", stops);
      const text = ended.join("").trim();
      expect(pieces.join("")).toBe(text);
      const cuts = pieces.map((_, at) => pieces.slice(0, at).join("").length);
      for (const stop of stops) {
        const from = text.indexOf(stop);
        if (from !== -1) expect(cuts.filter((at) => at > from && at < from + stop.length)).toEqual([]);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
