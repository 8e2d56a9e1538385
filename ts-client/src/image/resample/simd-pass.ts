import { ACROSS_WASM } from "./across-wasm.ts";
import type { Axis } from "./axis.ts";
import type { Columns } from "./passes.ts";

/** As much of WebAssembly as is used: its types come with a browser's, which are not for Node. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What `across.wat` exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  across(
    row: number,
    out: number,
    starts: number,
    pairs: number,
    weights: number,
    stride: number,
    count: number,
  ): void;
}

/** Memory that the kernel may take in each thread; a pass that needs more is made without it. */
const MAX_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = 65_536;

/** Bits of the lower part of a split coefficient. */
const LOW_BITS = 11;

let kernel: Kernel | undefined;

const BYTES = Buffer.from(ACROSS_WASM, "base64");

/** Whether this processor runs SIMD instructions from WebAssembly. */
const SUPPORTED = WebAssembly.validate(BYTES);

/**
 * The same function as `horizontalPass` gives, to the bit, some four times as fast. All passes of a thread
 * share one memory: a pass is over when the next is made.
 *
 * @returns undefined where there is no SIMD, or for a pass that takes more than 4 MiB
 */
export function simdHorizontalPass(
  axis: Axis,
  columns: Columns,
): ((row: Uint8Array) => Uint8Array) | undefined {
  const count = columns.to - columns.from;
  const pairsAtMost = (axis.windowSize + 1) >> 1;
  const layout = layOut(axis.inSize, count, pairsAtMost);
  if (!SUPPORTED || layout.end > MAX_BYTES) return undefined;

  kernel ??= instantiate();
  const { memory, across } = kernel;
  const missing = layout.end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const { buffer } = memory;
  const starts = new Int32Array(buffer, layout.starts, count);
  const pairs = new Int32Array(buffer, layout.pairs, count);
  const weights = new Int16Array(buffer, layout.weights, count * pairsAtMost * 4).fill(0);
  const coefficients = new Int32Array(axis.windowSize);
  for (let i = 0; i < count; i++) {
    const taps = axis.end(columns.from + i) - axis.start(columns.from + i);
    starts[i] = axis.start(columns.from + i) * 3;
    pairs[i] = (taps + 1) >> 1;
    axis.coefficients(columns.from + i, coefficients, 0);
    for (let tap = 0; tap < taps; tap++) {
      const coefficient = coefficients[tap] as number;
      const at = (i * pairsAtMost + (tap >> 1)) * 4 + (tap & 1);
      weights[at] = coefficient >> LOW_BITS;
      weights[at + 2] = coefficient & ((1 << LOW_BITS) - 1);
    }
  }
  const input = new Uint8Array(buffer, layout.row, axis.inSize * 3);
  const output = new Uint8Array(buffer, layout.out, count * 3);
  return (row) => {
    input.set(row);
    across(layout.row, layout.out, layout.starts, layout.pairs, layout.weights, pairsAtMost * 8, count);
    return output;
  };
}

/** Where in the kernel's memory everything is, in bytes: see the parameters in `across.wat`. */
function layOut(inSize: number, count: number, pairsAtMost: number) {
  const weights = 0;
  const starts = weights + count * pairsAtMost * 8;
  const pairs = starts + count * 4;
  const row = pairs + count * 4;
  const out = row + inSize * 3 + 8;
  return { weights, starts, pairs, row, out, end: out + count * 3 + 1 };
}

function instantiate(): Kernel {
  const module = new WebAssembly.Module(BYTES);
  return new WebAssembly.Instance(module).exports as Kernel;
}
