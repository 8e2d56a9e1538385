import type { RgbImage } from "../rgb-image.ts";
import { Axis } from "./axis.ts";
import type { Filter } from "./filters.ts";
import { type Columns, horizontalPass, verticalPass } from "./passes.ts";
import { simdHorizontalPass } from "./simd-pass.ts";

/** Horizontal coefficients kept at once; a row of more is resized in blocks of output columns. */
const COEFFICIENTS_AT_ONCE = 1 << 20;

/**
 * Resizes as Pillow 13's `Image.resize` does, bit for bit: two passes, each rounded and clipped to 8 bits,
 * and none along an axis that keeps its size. Source rows are streamed through both passes, so that beside
 * source and result only a few rows are held, whatever the aspect: integer sums do not depend on the order
 * in which rows are added.
 */
export function resize(source: RgbImage, width: number, height: number, filter: Filter): RgbImage {
  const data = new Uint8Array(width * height * 3);
  const { buffer, byteOffset, byteLength } = source.data;
  // A plain array, where a Buffer may have come: hot loops are to see one type alone.
  const plain = { ...source, data: new Uint8Array(buffer, byteOffset, byteLength) };
  const horizontal = new Axis(source.width, width, filter);
  const vertical = new Axis(source.height, height, filter);
  const block = Math.max(1, Math.floor(COEFFICIENTS_AT_ONCE / horizontal.windowSize));
  for (let from = 0; from < width; from += block) {
    const columns = { from, to: Math.min(from + block, width) };
    const resizeColumns = verticalFirst(source, width, height) ? downThenAcross : acrossThenDown;
    resizeColumns(plain, horizontal, vertical, columns, (out, row) => {
      data.set(row, (out * width + from) * 3);
    });
  }
  return { data, width, height };
}

/**
 * Pillow 13 starts with the vertical pass when the height shrinks by more than twice what the width does
 * (`ImagingResampleInner` in `src/libImaging/Resample.c`); Pillow 12 never does.
 */
function verticalFirst(source: RgbImage, width: number, height: number): boolean {
  const down = source.height - height;
  return down > 0 && down > (source.width - width) * 2;
}

type Emit = (out: number, row: Uint8Array) => void;

function acrossThenDown(
  source: RgbImage,
  horizontal: Axis,
  vertical: Axis,
  columns: Columns,
  emit: Emit,
): void {
  const across = horizontalOrCopy(horizontal, columns);
  const length = (columns.to - columns.from) * 3;
  verticalOrCopy(vertical, length, (y) => across(sourceRow(source, y)), emit);
}

function downThenAcross(
  source: RgbImage,
  horizontal: Axis,
  vertical: Axis,
  columns: Columns,
  emit: Emit,
): void {
  const across = horizontalOrCopy(horizontal, columns);
  verticalOrCopy(
    vertical,
    source.width * 3,
    (y) => sourceRow(source, y),
    (out, row) => emit(out, across(row)),
  );
}

function horizontalOrCopy(axis: Axis, columns: Columns): (row: Uint8Array) => Uint8Array {
  if (axis.inSize !== axis.outSize) return simdHorizontalPass(axis, columns) ?? horizontalPass(axis, columns);
  return (row) => row.subarray(columns.from * 3, columns.to * 3);
}

function verticalOrCopy(axis: Axis, length: number, rowAt: (y: number) => Uint8Array, emit: Emit): void {
  if (axis.inSize !== axis.outSize) verticalPass(axis, length, rowAt, emit);
  else for (let y = 0; y < axis.outSize; y++) emit(y, rowAt(y));
}

function sourceRow(source: RgbImage, y: number): Uint8Array {
  const length = source.width * 3;
  return source.data.subarray(y * length, (y + 1) * length);
}
