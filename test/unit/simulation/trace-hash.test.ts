import { describe, expect, it } from "vitest";
import { TraceHash } from "../../../ts-client/src/simulation/trace-hash.ts";

const CHUNK = {
  type: "chunk",
  workerId: "w",
  epoch: 1,
  requestId: "r",
  attempt: 1,
  seq: 0,
  tokens: [],
} as const;

function hash(...events: Parameters<TraceHash["event"]>[]): string {
  const trace = new TraceHash();
  for (const [event, now] of events) trace.event(event, now);
  return trace.digest();
}

describe("TraceHash", () => {
  it("is 16 hexadecimal digits", () => {
    expect(new TraceHash().digest()).toMatch(/^[0-9a-f]{16}$/);
  });

  it("changes with every part of an event, its time and its place", () => {
    const traces = [
      hash(),
      hash([CHUNK, 0]),
      hash([CHUNK, 0.001]),
      hash([{ ...CHUNK, workerId: "v" }, 0]),
      hash([{ ...CHUNK, epoch: 2 }, 0]),
      hash([{ ...CHUNK, requestId: "q" }, 0]),
      hash([{ ...CHUNK, attempt: 2 }, 0]),
      hash([CHUNK, 0], [{ type: "tick" }, 0]),
      hash([{ type: "tick" }, 0], [CHUNK, 0]),
    ];
    expect(new Set(traces).size).toBe(traces.length);
    expect(hash([CHUNK, 5])).toBe(hash([CHUNK, 5]));
  });

  it("changes with how a request ends", () => {
    const ends = ["CANCELLED", "INTERNAL"].map((code) => {
      const trace = new TraceHash();
      trace.effect({
        type: "settle",
        requestId: "r",
        outcome: {
          ok: false,
          code,
          message: "",
          path: undefined,
          retryAfterMs: undefined,
          failures: [],
          failure: undefined,
        },
      });
      return trace.digest();
    });
    expect(ends[0]).not.toBe(ends[1]);
  });
});
