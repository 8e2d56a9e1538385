import { describe, expect, it } from "vitest";
import { uuidv7 } from "../../../ts-client/src/protocol/index.ts";
import { requestId } from "../../../ts-client/src/protocol/schema/common.ts";

describe("uuidv7", () => {
  it("is a request id of version 7 and the RFC's variant", () => {
    for (let i = 0; i < 100; i++) {
      const id = uuidv7();
      expect(requestId.safeParse(id).success).toBe(true);
      expect(id).toMatch(/^.{14}7.{4}[89ab]/);
    }
  });

  it("begins with the time", () => {
    // The example of RFC 9562, appendix A.6.
    expect(uuidv7(0x017f22e279b0)).toMatch(/^017f22e2-79b0-7/);
    expect(uuidv7(1) < uuidv7(2)).toBe(true);
  });

  it("does not repeat itself", () => {
    expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(1))).size).toBe(10_000);
  });
});
