import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { plainLines } from "../../../ts-client/src/cli/progress.ts";

describe("progress off a terminal", () => {
  let lines: string[];
  let reporter: ReturnType<typeof plainLines>;

  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    reporter = plainLines((line) => lines.push(line));
  });

  afterEach(() => {
    reporter.stop();
    vi.useRealTimers();
  });

  it("shows every milestone, and of the rest one line every few seconds", () => {
    reporter.update("Creating", "milestone");
    for (let percent = 0; percent < 100; percent++) {
      reporter.update(`Fetching torch: ${percent} %`);
      vi.advanceTimersByTime(100);
    }
    reporter.update("Installing", "milestone");
    expect(lines).toEqual([
      "Creating",
      "Fetching torch: 30 %",
      "Fetching torch: 60 %",
      "Fetching torch: 90 %",
      "Installing",
    ]);
  });

  it("is never silent for long", () => {
    reporter.update("Installing 40 packages", "milestone");
    vi.advanceTimersByTime(40_000);
    expect(lines).toEqual([
      "Installing 40 packages",
      "… still at it after 15 s: Installing 40 packages",
      "… still at it after 30 s: Installing 40 packages",
    ]);
  });

  it("says nothing after the end", () => {
    reporter.update("Installing", "milestone");
    reporter.stop();
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual(["Installing"]);
  });
});
