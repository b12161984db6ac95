/**
 * A matrix of figures as the change from the one before it, column by column. One varint a figure that changed:
 *
 *     0 n      the next n + 1 figures are as before
 *     1        no limit (+Infinity)
 *     2        unavailable (NaN)
 *     3 d      the double d
 *     4 + z    whole number: that of before (0 where that was none) plus a change; z is 2c - 1 for a rise of c, 2c - 2 for a fall
 *
 * A column has a scale: its figures are counted in 1/scale (an average in percent in 1/100, a time in 1/16 ms). A figure
 * that is no multiple of that is written as a double, so that each comes back as it was.
 */

import { type CopiedOnWrite, copiedOnWrite } from '../../metrics/copied-on-write.ts';
import { type ByteReader, type ByteWriter, FormatError } from './bytes.ts';

/** What begins a run of figures that are as before; the number of them less one follows. */
export const SAME = 0;
const NO_LIMIT = 1;
const UNAVAILABLE = 2;
const DOUBLE = 3;
const CHANGE = 4;

/** Larger ones are doubles, as twice the change must be an exact number. */
const LARGEST_CHANGE = 2 ** 51;

export interface Matrix<T extends ArrayLike<number> = ArrayLike<number>> {
  /** By column, then by row. */
  readonly columns: readonly T[];
  readonly rows: number;
}

/** The matrix of the moment before. */
export interface MatrixBefore<T extends ArrayLike<number> = ArrayLike<number>> extends Matrix<T> {
  /** By row of now the row it had, -1 for a new one, whose figures were unavailable; all are where they were if undefined. */
  readonly from?: Int32Array | undefined;
}

/** Figures of one thing. */
export const oneRow = (figures: Float64Array): Matrix<Float64Array> => ({
  columns: Array.from(figures, (_, column) => figures.subarray(column, column + 1)),
  rows: 1,
});

export function encodeColumns(
  writer: ByteWriter,
  { columns, rows }: Matrix,
  { columns: oldColumns, from }: MatrixBefore,
  scales: readonly number[],
): void {
  let same = 0;
  for (let column = 0; column < scales.length; column++) {
    const scale = scales[column] ?? 1;
    const [values, old] = [columns[column], oldColumns[column]];
    if (!from && values === old) {
      same += rows;
      continue;
    }
    for (let row = 0; row < rows; row++) {
      const value = values?.[row] ?? Number.NaN;
      const known = from ? (from[row] ?? -1) : row;
      const was = old?.[known] ?? Number.NaN;
      // biome-ignore lint/suspicious/noSelfCompare: NaN is as NaN was, and this loop is hot
      if (value === was || (value !== value && was !== was)) {
        same++;
        continue;
      }
      if (same > 0) encodeRun(writer, same);
      same = 0;
      encodeFigure(writer, value, was, scale);
    }
  }
  if (same > 0) encodeRun(writer, same);
}

export function encodeRun(writer: ByteWriter, count: number): void {
  writer.varint(SAME);
  writer.varint(count - 1);
}

function encodeFigure(writer: ByteWriter, value: number, was: number, scale: number): void {
  const whole = wholeInScale(value, scale);
  const change = whole - (wholeInScale(was, scale) || 0);
  if (value === Number.POSITIVE_INFINITY) writer.varint(NO_LIMIT);
  else if (Number.isNaN(value)) writer.varint(UNAVAILABLE);
  // A change of 0 is written as a double: the figure is 0, and before it there was none, which counts as 0.
  else if (Math.abs(change) < LARGEST_CHANGE && change !== 0) {
    writer.varint(CHANGE + (change > 0 ? 2 * change - 1 : -2 * change - 2));
  } else {
    writer.varint(DOUBLE);
    writer.double(value);
  }
}

/** How many 1/scale a figure is; NaN where it is no whole number of them, exactly. */
export function wholeInScale(value: number, scale: number): number {
  if (scale === 1) return Number.isSafeInteger(value) ? value : Number.NaN;
  const whole = Math.round(value * scale);
  return Number.isSafeInteger(whole) && whole / scale === value ? whole : Number.NaN;
}

/** Throws FormatError. */
export function decodeColumns(
  reader: ByteReader,
  rows: number,
  before: MatrixBefore<Float64Array>,
  scales: readonly number[],
): readonly Float64Array[] {
  const { arrays, set } = asBefore(rows, before, scales.length);
  const end = scales.length * rows;
  for (let at = 0; at < end; ) {
    const token = reader.varint();
    if (token === SAME) {
      at += reader.varint() + 1;
      if (at > end) throw new FormatError('more figures than there are rows and columns');
      continue;
    }
    const column = Math.floor(at / rows);
    const row = at - column * rows;
    set(column, row, decodeFigure(reader, token, arrays[column]?.[row] ?? Number.NaN, scales[column] ?? 1));
    at++;
  }
  return arrays;
}

/** The figures of before, each in the place that its row has now. */
export function asBefore(
  rows: number,
  { columns, rows: oldRows, from }: MatrixBefore<Float64Array>,
  count: number,
): CopiedOnWrite<Float64Array> {
  if (!from && oldRows === rows && columns.length === count) return copiedOnWrite(columns);
  const moved = Array.from({ length: count }, (_, column) => {
    const figures = new Float64Array(rows);
    const old = columns[column];
    // Processes come and go in most moments, and Array.from would take several times as long.
    for (let row = 0; row < rows; row++) figures[row] = old?.[from?.[row] ?? -1] ?? Number.NaN;
    return figures;
  });
  return copiedOnWrite(moved);
}

function decodeFigure(reader: ByteReader, token: number, was: number, scale: number): number {
  if (token === NO_LIMIT) return Number.POSITIVE_INFINITY;
  if (token === UNAVAILABLE) return Number.NaN;
  if (token === DOUBLE) return reader.double();
  const code = token - CHANGE;
  const change = code % 2 === 1 ? (code + 1) / 2 : -(code + 2) / 2;
  return ((wholeInScale(was, scale) || 0) + change) / scale;
}
