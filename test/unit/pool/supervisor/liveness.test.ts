import { describe, expect, test } from "vitest";
import { DEFAULT_LIVENESS, Liveness } from "../../../../ts-client/src/pool/supervisor/liveness.ts";
import type { HeaderOf } from "../../../../ts-client/src/protocol/index.ts";

function beat(progress: number, running = 0): HeaderOf<"BEAT"> {
  const request = { request_id: "00000000-0000-4000-8000-000000000000", attempt: 1, step: 0, ms: 0 };
  return { seq: 1, progress, running: Array.from({ length: running }, () => request) } as HeaderOf<"BEAT">;
}

describe("liveness", () => {
  test("a worker that answers pings and beats is alive", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    for (let now = 1000; now < 100_000; now += 1000) {
      liveness.onPong(liveness.nextPing());
      liveness.onBeat(beat(0), now);
      expect(liveness.verdict(now)).toBe("alive");
    }
  });

  test("unanswered pings make it suspect, then hung", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    const verdicts = Array.from({ length: 4 }, () => {
      liveness.nextPing();
      return liveness.verdict(100);
    });
    expect(verdicts).toEqual(["alive", "suspect", "suspect", { hung: expect.stringContaining("4 pings") }]);
  });

  test("a late answer to an old ping does not count for the newer ones", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    const first = liveness.nextPing();
    for (let index = 0; index < 3; index += 1) liveness.nextPing();
    liveness.onPong(first);
    expect(liveness.verdict(100)).toBe("suspect");
  });

  test("without beats, but with pongs, it is stalled and killed only much later", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    expect(liveness.verdict(5001)).toBe("stalled");
    expect(liveness.verdict(60_000)).toBe("stalled");
    expect(liveness.verdict(60_001)).toEqual({ hung: expect.stringContaining("interpreter") });
  });

  test("work that does not move is hung, an idle worker never is", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    for (let now = 0; now <= 600_000; now += 1000) liveness.onBeat(beat(7), now);
    expect(liveness.verdict(600_000)).toBe("alive");
    for (let now = 601_000; now <= 661_000; now += 1000) liveness.onBeat(beat(7, 1), now);
    expect(liveness.verdict(661_000)).toEqual({ hung: expect.stringContaining("not moved") });
    liveness.onBeat(beat(8, 1), 662_000);
    expect(liveness.verdict(662_000)).toBe("alive");
  });

  test("a pool that stood still itself blames nobody", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS, 0);
    liveness.onBeat(beat(7, 1), 0);
    for (let index = 0; index < 10; index += 1) liveness.nextPing();
    liveness.excuse(1_000_000);
    expect(liveness.verdict(1_000_000)).toBe("alive");
  });
});
