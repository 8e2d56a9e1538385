import { describe, expect, it } from "vitest";
import { clipMessage, LIMITS } from "../../../ts-client/src/protocol/index.ts";

describe("clipMessage", () => {
  it("leaves a short message as it is", () => {
    expect(clipMessage("caf\u00e9 \u{1f642}")).toBe("caf\u00e9 \u{1f642}");
    expect(clipMessage("x".repeat(LIMITS.errorMessageBytes))).toHaveLength(LIMITS.errorMessageBytes);
  });

  it("cuts between characters", () => {
    expect(clipMessage("x".repeat(600))).toBe("x".repeat(512));
    expect(clipMessage(`x${"\u00e9".repeat(600)}`)).toBe(`x${"\u00e9".repeat(255)}`);
    expect(clipMessage("\u{1f642}".repeat(600))).toBe("\u{1f642}".repeat(128));
    expect(clipMessage(`xx${"\u{1f642}".repeat(600)}`)).toBe(`xx${"\u{1f642}".repeat(127)}`);
  });

  it("replaces lone surrogates", () => {
    expect(clipMessage("a\ud800b")).toBe("a\ufffdb");
  });
});
