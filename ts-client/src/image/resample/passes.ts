import { type Axis, HALF, PRECISION_BITS } from "./axis.ts";

/** Pixels `from` to `to` of a row, the last excluded. */
export interface Columns {
  readonly from: number;
  readonly to: number;
}

/** A function that resizes a row to some of its output columns; it gives the same buffer at each call. */
export function horizontalPass(axis: Axis, columns: Columns): (row: Uint8Array) => Uint8Array {
  const count = columns.to - columns.from;
  const { windowSize } = axis;
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const coefficients = new Int32Array(count * windowSize);
  for (let i = 0; i < count; i++) {
    starts[i] = axis.start(columns.from + i) * 3;
    ends[i] = axis.end(columns.from + i) * 3;
    axis.coefficients(columns.from + i, coefficients, i * windowSize);
  }
  const { clamped, bytes } = rowBuffer(count * 3);

  return (row) => {
    for (let i = 0; i < count; i++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let k = i * windowSize;
      const end = ends[i] as number;
      for (let at = starts[i] as number; at < end; at += 3) {
        const weight = coefficients[k++] as number;
        red = (red + Math.imul(row[at] as number, weight)) | 0;
        green = (green + Math.imul(row[at + 1] as number, weight)) | 0;
        blue = (blue + Math.imul(row[at + 2] as number, weight)) | 0;
      }
      clamped[i * 3] = red >> PRECISION_BITS;
      clamped[i * 3 + 1] = green >> PRECISION_BITS;
      clamped[i * 3 + 2] = blue >> PRECISION_BITS;
    }
    return bytes;
  };
}

/** A row that clips what is written to `clamped`; hot loops read `bytes`, as every row, to see one type alone. */
function rowBuffer(length: number): { clamped: Uint8ClampedArray; bytes: Uint8Array } {
  const clamped = new Uint8ClampedArray(length);
  return { clamped, bytes: new Uint8Array(clamped.buffer) };
}

/** An output row whose window the stream of source rows is inside of. */
interface OpenRow {
  readonly out: number;
  readonly start: number;
  readonly end: number;
  readonly sums: Int32Array;
  readonly coefficients: Int32Array;
}

/**
 * Resizes along the columns: takes each source row once, in order, and emits the output rows in order.
 * The rows it holds are those whose windows overlap, a handful when shrinking. `emit` gets the same buffer
 * at each call.
 */
export function verticalPass(
  axis: Axis,
  length: number,
  rowAt: (y: number) => Uint8Array,
  emit: (out: number, row: Uint8Array) => void,
): void {
  const { clamped, bytes } = rowBuffer(length);
  const closed: OpenRow[] = [];
  let open: OpenRow[] = [];
  let next = 0;
  for (let y = axis.start(0); open.length > 0 || next < axis.outSize; y++) {
    while (next < axis.outSize && axis.start(next) <= y) {
      open.push(openRow(axis, next++, length, closed.pop()));
    }
    if (open.length === 0) continue;
    const row = rowAt(y);
    for (const { sums, coefficients, start } of open) addRow(sums, row, coefficients[y - start] as number);
    open = open.filter((candidate) => {
      if (candidate.end > y + 1) return true;
      for (let j = 0; j < length; j++) clamped[j] = (candidate.sums[j] as number) >> PRECISION_BITS;
      emit(candidate.out, bytes);
      closed.push(candidate);
      return false;
    });
  }
}

function openRow(axis: Axis, out: number, length: number, reused: OpenRow | undefined): OpenRow {
  const sums = reused?.sums ?? new Int32Array(length);
  const coefficients = reused?.coefficients ?? new Int32Array(Math.min(axis.windowSize, axis.inSize));
  sums.fill(HALF);
  axis.coefficients(out, coefficients, 0);
  return { out, start: axis.start(out), end: axis.end(out), sums, coefficients };
}

function addRow(sums: Int32Array, row: Uint8Array, weight: number): void {
  for (let j = 0; j < sums.length; j++) {
    sums[j] = (sums[j] as number) + Math.imul(row[j] as number, weight);
  }
}
