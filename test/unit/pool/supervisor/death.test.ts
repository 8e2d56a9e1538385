import { describe, expect, test } from "vitest";
import { deathError, explainDeath } from "../../../../ts-client/src/pool/supervisor/death.ts";
import type { HeaderOf } from "../../../../ts-client/src/protocol/index.ts";

const exit = (code: number | undefined, signal?: string, stderrTail: string[] = []) => {
  return { code, signal, stderrTail };
};
const said: HeaderOf<"ERROR"> = {
  code: "MODEL_LOAD_FAILED",
  message: "The file is cut off.",
  started: false,
};

describe("why a worker died", () => {
  test.each([
    [0, "WORKER_LOST", false],
    [65, "MODEL_LOAD_FAILED", true],
    [66, "MODEL_NOT_FOUND", true],
    [77, "PERMISSION_DENIED", true],
    [70, "WORKER_LOST", false],
    [71, "CUDA_FATAL", false],
    [72, "WORKER_LOST", false],
    [75, "WORKER_LOST", false],
    [78, "CONFIG_INVALID", true],
    [3, "WORKER_LOST", false],
  ])("exit code %i is %s, for good: %s", (code, expected, permanent) => {
    expect(explainDeath(exit(code), undefined, undefined)).toMatchObject({ code: expected, permanent });
  });

  test("what it said last explains its end, the exit code says whether another would do the same", () => {
    const death = explainDeath(exit(65), undefined, said);
    expect(death).toEqual({ code: "MODEL_LOAD_FAILED", message: "The file is cut off.", permanent: true });
    expect(explainDeath(exit(70), undefined, said).permanent).toBe(false);
  });

  test("the supervisor's verdict comes before everything else", () => {
    const verdict = { code: "WORKER_HUNG", reason: "it stood still" } as const;
    const death = explainDeath(exit(undefined, "SIGKILL"), verdict, said);
    expect(death).toMatchObject({ code: "WORKER_HUNG", permanent: false });
    expect(death.message).toContain("it stood still");
    expect(explainDeath(exit(undefined, "SIGKILL"), { ...verdict, permanent: true }, said).permanent).toBe(
      true,
    );
  });

  test("a signal is named, and SIGKILL's usual sender too", () => {
    const death = explainDeath(exit(undefined, "SIGKILL"), undefined, undefined);
    expect(death.message).toMatch(/SIGKILL.*memory/);
    expect(explainDeath(exit(undefined, "SIGSEGV"), undefined, undefined).message).toMatch(/SIGSEGV/);
  });

  test("the last lines of its output are shown, cut to what fits a message", () => {
    const lines = [...Array.from({ length: 20 }, (_, index) => `line ${index}`), "x".repeat(8000)];
    const { message } = explainDeath(exit(1), undefined, undefined);
    expect(message).not.toContain("last lines");
    const death = explainDeath(exit(1, undefined, lines), undefined, undefined);
    expect(death.message).toContain("line 19");
    expect(death.message).not.toContain("line 15");
    expect(death.message.length).toBeLessThan(1000);
  });

  test("becomes an error that says when to try again", () => {
    const error = deathError({ code: "CRASH_LOOP", message: "It keeps dying.", permanent: false }, 5000);
    expect(error).toMatchObject({ code: "CRASH_LOOP", retryable: true, retryAfterMs: 5000 });
  });
});
