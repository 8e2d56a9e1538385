import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Axis } from "../../../ts-client/src/image/resample/axis.ts";
import { FILTERS } from "../../../ts-client/src/image/resample/filters.ts";
import { horizontalPass } from "../../../ts-client/src/image/resample/passes.ts";
import { simdHorizontalPass } from "../../../ts-client/src/image/resample/simd-pass.ts";

const size = fc.integer({ min: 1, max: 300 });
const filter = fc.constantFrom(...FILTERS.values());
const samples = fc.infiniteStream(fc.constantFrom(0, 1, 127, 128, 254, 255));

describe("simdHorizontalPass", () => {
  it("gives the same bytes as the pass without SIMD, row after row", () => {
    fc.assert(
      fc.property(size, size, filter, samples, fc.nat(299), (inSize, outSize, kind, values, first) => {
        const axis = new Axis(inSize, outSize, kind);
        const columns = { from: first % outSize, to: outSize };
        const fast = simdHorizontalPass(axis, columns)!;
        const plain = horizontalPass(axis, columns);
        for (let row = 0; row < 2; row++) {
          const pixels = Uint8Array.from(values.take(inSize * 3));
          expect(fast(pixels)).toEqual(plain(pixels));
        }
      }),
    );
  });

  it("leaves a pass that takes too much memory to the other", () => {
    const axis = new Axis(2_000_000, 224, FILTERS.get(3)!);
    expect(simdHorizontalPass(axis, { from: 0, to: 1 })).toBeUndefined();
  });

  it("is assembled from its source", async () => {
    const check = promisify(execFile)(process.execPath, ["scripts/build-kernel.mjs", "--check"]);
    await expect(check).resolves.toMatchObject({ stderr: "" });
  });
});
