import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../../ts-client/src/model/content-hash.ts";

describe("sha256", () => {
  it.each([0, 1000, 300_000])(
    "is the same for %i bytes, on the spot or in a thread, also of a part",
    async (length) => {
      const whole = Uint8Array.from({ length: length + 8 }, (_, i) => i % 251);
      const bytes = whole.subarray(3, 3 + length);
      expect(await sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    },
  );
});
