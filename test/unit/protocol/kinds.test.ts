import { describe, expect, it } from "vitest";
import {
  HEADER_SCHEMAS,
  KINDS,
  kindByCode,
  LARGE_HEADER_KINDS,
} from "../../../ts-client/src/protocol/index.ts";
import { carriesTensors } from "../../../ts-client/src/protocol/tensor-frames.ts";

const names = Object.keys(KINDS) as Array<keyof typeof KINDS>;

describe("kinds", () => {
  it("have a byte each", () => {
    expect(new Set(names.map((name) => KINDS[name].code)).size).toBe(names.length);
    for (const name of names) expect(kindByCode(KINDS[name].code)).toBe(name);
    expect(kindByCode(0)).toBeUndefined();
  });

  it("carry tensors if and only if their schema describes them", () => {
    for (const name of names) expect(carriesTensors(name)).toBe("tensors" in HEADER_SCHEMAS[name].shape);
  });

  it("with large headers exist", () => {
    expect(LARGE_HEADER_KINDS.filter((name) => !names.includes(name))).toEqual([]);
  });
});
