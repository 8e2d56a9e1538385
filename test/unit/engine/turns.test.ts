import { expect, it } from "vitest";
import { Turns } from "../../../ts-client/src/engine/turns.ts";

const small = [new Uint8Array(10)];
const large = [new Uint8Array(10), new Uint8Array(2 ** 20)];

it("ends a turn after many messages, or after many bytes", () => {
  const turns = new Turns();
  const few = Array.from({ length: 63 }, () => turns.isOver(small));
  expect(few).not.toContain(true);
  expect(turns.isOver(small)).toBe(true);
  expect(turns.isOver(large)).toBe(true);
  expect(turns.isOver(small)).toBe(false);
});
