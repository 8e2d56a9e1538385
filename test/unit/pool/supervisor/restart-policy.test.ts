import { describe, expect, test } from "vitest";
import { DEFAULT_RESTART, RestartPolicy } from "../../../../ts-client/src/pool/supervisor/restart-policy.ts";

/** Takes the longest pause that is allowed. */
const longest = () => 0.999_999;

describe("the restart policy", () => {
  test("waits longer after each death in a row, up to a bound", () => {
    const options = { ...DEFAULT_RESTART, maxRestarts: 100, maxDelayMs: 1000 };
    const policy = new RestartPolicy(options, longest);
    const delays = [0, 1, 2, 3, 4].map((now) => policy.died(now, true).delayMs);
    expect(delays).toEqual([199, 399, 799, 999, 999]);
  });

  test("waits a random part of that, so that workers do not come back together", () => {
    expect(new RestartPolicy(DEFAULT_RESTART, () => 0).died(0, true).delayMs).toBe(0);
    expect(new RestartPolicy(DEFAULT_RESTART, () => 0.5).died(0, true).delayMs).toBe(100);
  });

  test("pauses after more deaths in the window than are allowed", () => {
    const policy = new RestartPolicy(DEFAULT_RESTART, longest);
    const paused = [1, 2, 3, 4, 5, 6].map((now) => policy.died(now, true).paused);
    expect(paused).toEqual([false, false, false, false, false, true]);
  });

  test("forgets deaths that the window has left behind", () => {
    const policy = new RestartPolicy(DEFAULT_RESTART, longest);
    for (let index = 0; index < 50; index += 1) {
      const { paused, delayMs } = policy.died(index * DEFAULT_RESTART.windowMs, true);
      expect(paused).toBe(false);
      expect(delayMs).toBe(199);
    }
  });

  test("pauses after three starts in a row that came to nothing, whenever they were", () => {
    const policy = new RestartPolicy(DEFAULT_RESTART, longest);
    const hour = 3_600_000;
    expect([0, hour, 2 * hour].map((now) => policy.died(now, false).paused)).toEqual([false, false, true]);
  });

  test("tries again at longer and longer intervals once paused, and starts afresh after a success", () => {
    const policy = new RestartPolicy(DEFAULT_RESTART, longest);
    const hour = 3_600_000;
    const probes = Array.from({ length: 8 }, (_, index) => policy.died(index * hour, false)).slice(2);
    expect(probes.map(({ delayMs }) => delayMs)).toEqual([
      30_000, 60_000, 120_000, 240_000, 300_000, 300_000,
    ]);
    policy.started();
    expect(policy.died(100 * hour, false)).toEqual({ delayMs: 199, paused: false });
  });
});
