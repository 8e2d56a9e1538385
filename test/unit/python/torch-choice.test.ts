import { describe, expect, it } from "vitest";
import { torchIndex, torchRequirement, torchSlug } from "../../../ts-client/src/python/torch-choice.ts";

describe("torchIndex", () => {
  it("leaves `auto` to pip", () => {
    expect(torchIndex("auto")).toBeUndefined();
  });

  it.each([
    ["cpu", "https://download.pytorch.org/whl/cpu"],
    ["cu130", "https://download.pytorch.org/whl/cu130"],
    ["https://mirror.example/simple", "https://mirror.example/simple"],
  ])("takes torch for %s from %s", (choice, index) => {
    expect(torchIndex(choice)).toBe(index);
  });

  it.each(["cuda", "cu12", "gpu", "", "mirror.example/simple"])("refuses %j by name", (choice) => {
    expect(() => torchIndex(choice)).toThrow(/`torch` must be `auto`, `cpu`, a CUDA version/);
  });
});

describe("torchRequirement", () => {
  it("asks for the exact build of a CUDA version, so that no other build is taken for it", () => {
    expect(torchRequirement("cu130", "2.13.0")).toBe("torch==2.13.0+cu130");
  });

  it("takes what another index has", () => {
    expect(torchRequirement("https://mirror.example/simple", "2.13.0")).toBe("torch==2.13.0");
  });
});

describe("torchSlug", () => {
  it("is a name for a folder, another one for another index", () => {
    expect(torchSlug("cpu")).toBe("cpu");
    expect(torchSlug("https://a.example")).toMatch(/^index-[0-9a-f]{8}$/);
    expect(torchSlug("https://a.example")).not.toBe(torchSlug("https://b.example"));
  });
});
