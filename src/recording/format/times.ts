/**
 * When each file of each row was read, row by row: one pass reads them in that order, so that each time is a little after
 * the one before it. One varint each:
 *
 *     0 n      the next n + 1 files were not read since the Snapshot before
 *     1        never read (NaN)
 *     2 d      the double d
 *     3 + z    the time before it (for the first one, when the pass began) plus a zigzag-coded number of 1/16 ms
 *     z is 2c for c from 0 up, -2c - 1 below
 */

import { isSameFigure } from '../../metrics/same-figure.ts';
import { TIME_GRID } from '../../metrics/time-grid.ts';
import { type ByteReader, type ByteWriter, FormatError } from './bytes.ts';
import { asBefore, encodeRun, type Matrix, type MatrixBefore, SAME, wholeInScale } from './columns.ts';

const NEVER = 1;
const DOUBLE = 2;
const STEP = 3;
const LARGEST_STEP = 2 ** 51;

const ticksOf = (time: number): number => wholeInScale(time, TIME_GRID);

/** The matrix has a column for each file. `start`: when the pass began. */
export function encodeTimes(
  writer: ByteWriter,
  { columns, rows }: Matrix,
  { columns: oldColumns, from }: MatrixBefore,
  start: number,
): void {
  /** Files of which something was read. Most files are read of no row in a pass. */
  const read = [...columns.keys()].filter((file) => from || columns[file] !== oldColumns[file]);
  let last = ticksOf(start) || 0;
  let same = 0;
  for (let row = 0; row < rows; row++) {
    const known = from ? (from[row] ?? -1) : row;
    let next = 0;
    for (const file of read) {
      // Those before it were not read.
      same += file - next;
      next = file + 1;
      const time = columns[file]?.[row] ?? Number.NaN;
      const was = oldColumns[file]?.[known] ?? Number.NaN;
      if (isSameFigure(time, was)) {
        same++;
        continue;
      }
      if (same > 0) encodeRun(writer, same);
      same = 0;
      last = encodeTime(writer, time, last);
    }
    same += columns.length - next;
  }
  if (same > 0) encodeRun(writer, same);
}

/** Gives what the next one is counted from. */
function encodeTime(writer: ByteWriter, time: number, last: number): number {
  if (Number.isNaN(time)) {
    writer.varint(NEVER);
    return last;
  }
  const ticks = ticksOf(time);
  const step = ticks - last;
  if (!(Math.abs(step) < LARGEST_STEP)) {
    writer.varint(DOUBLE);
    writer.double(time);
    return last;
  }
  writer.varint(STEP + (step >= 0 ? 2 * step : -2 * step - 1));
  return ticks;
}

/** Throws FormatError. */
export function decodeTimes(
  reader: ByteReader,
  { rows, files }: { readonly rows: number; readonly files: number },
  before: MatrixBefore<Float64Array>,
  start: number,
): readonly Float64Array[] {
  const { arrays, set } = asBefore(rows, before, files);
  let last = ticksOf(start) || 0;
  const end = files * rows;
  // Row by row, as they were written.
  for (let at = 0; at < end; ) {
    const token = reader.varint();
    if (token === SAME) {
      at += reader.varint() + 1;
      if (at > end) throw new FormatError('more times than there are rows and files');
      continue;
    }
    const row = Math.floor(at / files);
    const file = at - row * files;
    at++;
    if (token === NEVER) set(file, row, Number.NaN);
    else if (token === DOUBLE) set(file, row, reader.double());
    else {
      const code = token - STEP;
      last += code % 2 === 0 ? code / 2 : -(code + 1) / 2;
      set(file, row, last / TIME_GRID);
    }
  }
  return arrays;
}
