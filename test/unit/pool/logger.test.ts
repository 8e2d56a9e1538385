import { afterEach, describe, expect, test, vi } from "vitest";
import { clean, createLogger, type Logger } from "../../../ts-client/src/pool/logger.ts";

function sink() {
  const lines: string[] = [];
  const logger: Logger = {
    debug: (line) => lines.push(`debug ${line}`),
    info: (line) => lines.push(`info ${line}`),
    warn: (line) => lines.push(`warn ${line}`),
    error: (line) => lines.push(`error ${line}`),
  };
  return { lines, logger };
}

function logAll(logger: Logger): void {
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the logger", () => {
  test.each([
    ["off", []],
    ["error", ["error d"]],
    ["warn", ["warn c", "error d"]],
    ["info", ["info b", "warn c", "error d"]],
    ["debug", ["debug a", "info b", "warn c", "error d"]],
  ] as const)("at level %s passes on %j", (level, expected) => {
    const { lines, logger } = sink();
    logAll(createLogger(level, logger));
    expect(lines).toEqual(expected);
  });

  test("takes its level from the environment when none is given, in any case", () => {
    vi.stubEnv("INSTRUCTBLIP_WORKERS_LOG", "INFO");
    const { lines, logger } = sink();
    logAll(createLogger(undefined, logger));
    expect(lines).toHaveLength(3);
    vi.stubEnv("INSTRUCTBLIP_WORKERS_LOG", "loud");
    expect(() => createLogger(undefined, logger)).toThrow(/INSTRUCTBLIP_WORKERS_LOG.*loud/);
    expect(() => createLogger("loud" as "warn", logger)).toThrow(/logLevel/);
  });

  test("a sink that throws, or lacks a level, disturbs nobody", () => {
    const broken = {
      warn: () => {
        throw new Error("full disk");
      },
    } as unknown as Logger;
    expect(() => logAll(createLogger("debug", broken))).not.toThrow();
  });

  test("control characters are shown, not obeyed, and colours are taken out", () => {
    expect(clean("a\u0007b\rc\u0000d\u009be")).toBe("a\\x07b\\x0dc\\x00d\\x9be");
    expect(clean("\u001b[31mred\u001b[0m and \u001b]0;title\u0007plain")).not.toContain("\u001b");
    expect(clean("tab\tand\nline")).toBe("tab\tand\nline");
  });

  test("a line of a megabyte is cut", () => {
    expect(clean("x".repeat(1_000_000)).length).toBeLessThan(9000);
  });
});
