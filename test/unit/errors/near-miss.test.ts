import { describe, expect, it } from "vitest";
import { camelCase, nearMiss } from "../../../ts-client/src/errors/near-miss.ts";

describe("nearMiss", () => {
  const names = ["numBeams", "maxLength", "text"];

  it.each([
    ["numbeams", "numBeams"],
    ["maxLenght", "maxLength"],
    ["txt", "text"],
    ["zzz", undefined],
    ["", undefined],
  ])("of %j is %j", (name, meant) => {
    expect(nearMiss(name, names)).toBe(meant);
  });
});

describe("camelCase", () => {
  it.each([
    ["num_beams", "numBeams"],
    ["top_k", "topK"],
    ["already", "already"],
  ])("of %s is %s", (name, expected) => {
    expect(camelCase(name)).toBe(expected);
  });
});
