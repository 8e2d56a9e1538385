import { describe, expect, it } from "vitest";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { setupFailure } from "../../../ts-client/src/python/setup-failure.ts";

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: failed`), { code });
}

describe("setupFailure", () => {
  it.each([
    ["ENOSPC", "The disk of /cache is full."],
    ["EACCES", "Files under /cache cannot be written."],
    ["EROFS", "Files under /cache cannot be written."],
    ["ECOMPROMISED", "another one took over /cache"],
    ["ENOTDIR", "The set-up of /cache failed: ENOTDIR: failed."],
  ])("explains %s", (code, message) => {
    const error = systemError(code);
    const failure = setupFailure(error, "/cache", undefined);
    expect(failure).toMatchObject({ code: "ENVIRONMENT_FAILED", cause: error });
    expect(failure.message).toContain(message);
  });

  it("takes whatever comes after the caller's own abort for that", () => {
    const failure = setupFailure(systemError("ENOTDIR"), "/cache", AbortSignal.abort());
    expect(failure.code).toBe("CANCELLED");
  });

  it("leaves an error that says enough as it is", () => {
    const error = new InstructBlipError("ENVIRONMENT_FAILED", "enough");
    expect(setupFailure(error, "/cache", AbortSignal.abort())).toBe(error);
  });
});
