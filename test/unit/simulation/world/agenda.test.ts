import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agenda } from "../../../../ts-client/src/simulation/world/agenda.ts";

describe("Agenda", () => {
  it("does things by time, and in order of entry at the same time", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (times) => {
        const agenda = new Agenda();
        const done: { time: number; index: number; now: number }[] = [];
        times.forEach((time, index) => {
          agenda.at(time, () => done.push({ time, index, now: agenda.now }));
        });
        while (agenda.next()) expect(agenda.now).toBe(done.at(-1)?.time);
        const expected = times
          .map((time, index) => ({ time, index, now: time }))
          .toSorted((left, right) => left.time - right.time || left.index - right.index);
        expect(done).toEqual(expected);
      }),
    );
  });

  it("takes in new things while one is done, none of them in the past", () => {
    const agenda = new Agenda();
    const done: string[] = [];
    agenda.at(10, () => {
      agenda.at(3, () => done.push(`late at ${agenda.now}`));
      agenda.after(5, () => done.push(`after at ${agenda.now}`));
    });
    expect(agenda.nextAt).toBe(10);
    while (agenda.next());
    expect(done).toEqual(["late at 10", "after at 15"]);
    expect(agenda.nextAt).toBe(Number.POSITIVE_INFINITY);
  });
});
