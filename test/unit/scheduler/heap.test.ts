import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimerHeap } from "../../../ts-client/src/scheduler/heap.ts";

function drain(heap: TimerHeap, now: number): string[] {
  const due: string[] = [];
  for (let id = heap.popDue(now); id !== undefined; id = heap.popDue(now)) due.push(id);
  return due;
}

const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 });

describe("TimerHeap", () => {
  it("gives what is due, earliest first, and keeps the rest", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 50 }), (entries, now) => {
        const heap = new TimerHeap();
        for (const at of entries) heap.push(at, String(at));
        const sorted = entries.toSorted((left, right) => left - right);
        const due = sorted.filter((at) => at <= now);
        expect(drain(heap, now)).toEqual(due.map(String));
        expect(heap.nextAt).toBe(sorted[due.length] ?? Number.POSITIVE_INFINITY);
        expect(heap.size).toBe(entries.length - due.length);
      }),
    );
  });

  it("keeps its order when entries are thrown out", () => {
    fc.assert(
      fc.property(times, (entries) => {
        const heap = new TimerHeap();
        for (const at of entries) heap.push(at, String(at));
        heap.retain((id) => Number(id) % 2 === 0);
        const kept = entries.filter((at) => at % 2 === 0).toSorted((left, right) => left - right);
        expect(drain(heap, Number.POSITIVE_INFINITY)).toEqual(kept.map(String));
      }),
    );
  });

  it("is empty after clearing", () => {
    const heap = new TimerHeap();
    heap.push(1, "a");
    heap.clear();
    expect([heap.size, heap.nextAt, heap.popDue(5)]).toEqual([0, Number.POSITIVE_INFINITY, undefined]);
  });
});
