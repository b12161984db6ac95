/**
 * A Snapshot in the making: the figures of the one before, and over them those that are read. What stands still is
 * shared by all Snapshots, and costs nothing.
 */

import { NOT_READ } from '../kernel/collector.ts';
import { copiedOnWrite } from './copied-on-write.ts';
import { COLUMN_COUNT, SNAPSHOT_FILES } from './files.ts';
import { movedRows, unknownRows } from './moved-rows.ts';
import { matchRows, parentRows, type RowFigures, type Snapshot, type SnapshotRow } from './snapshot.ts';

export interface Draft extends RowFigures, Pick<Snapshot, 'rows' | 'parents' | 'monotonic'> {
  /** Tells whether the figure there was another one before. */
  setValue(column: number, row: number, value: number): boolean;
  setError(file: number, row: number, error: number): boolean;
  setTime(file: number, row: number, time: number): boolean;
  /** The times of a file, by row, for a caller that writes many of them. */
  ownTimes(file: number): Float64Array | undefined;
}

/** A draft of these rows, with what `before` has of them. No row is looked up where `rows` is the array of `before`. */
export function draftAfter(
  before: Pick<Snapshot, 'rows' | 'parents' | keyof RowFigures> | undefined,
  rows: readonly SnapshotRow[],
  monotonic: number,
): Draft {
  if (!before) return draftOf(nothingOf(rows.length), rows, parentRows(rows), monotonic);
  if (before.rows === rows) return draftOf(before, rows, before.parents, monotonic);
  return draftOf(figuresOfRows(before, matchRows(rows, before.rows)), rows, parentRows(rows), monotonic);
}

function draftOf(known: RowFigures, rows: Draft['rows'], parents: Draft['parents'], monotonic: number): Draft {
  const [values, errors, times] = [
    copiedOnWrite(known.values),
    copiedOnWrite(known.errors),
    copiedOnWrite(known.times),
  ];
  // One literal: V8 forgets the shape of an object that is spread together, and then the code that was compiled for it.
  return {
    rows,
    parents,
    monotonic,
    values: values.arrays,
    errors: errors.arrays,
    times: times.arrays,
    setValue: values.set,
    setError: errors.set,
    setTime: times.set,
    ownTimes: times.own,
  };
}

/** One array serves all columns, as each is copied before it is written. */
function nothingOf(rows: number): RowFigures {
  const unknown = unknownRows(rows);
  const unread = new Uint8Array(rows).fill(NOT_READ);
  return {
    values: new Array<Float64Array>(COLUMN_COUNT).fill(unknown),
    errors: SNAPSHOT_FILES.map(() => unread),
    times: SNAPSHOT_FILES.map(() => unknown),
  };
}

/**
 * `from`: by row the row of `known`; -1 for a new one. Arrays that are one and the same stay so: they are those of files that
 * are not there.
 */
function figuresOfRows(known: RowFigures, from: Int32Array): RowFigures {
  const done = new Map<Float64Array, Float64Array>();
  const figures = (old: Float64Array): Float64Array => {
    const moved = done.get(old) ?? movedRows(old, from, unknownRows(from.length));
    done.set(old, moved);
    return moved;
  };
  const codes = (old: Uint8Array): Uint8Array => movedRows(old, from, new Uint8Array(from.length).fill(NOT_READ));
  return { values: known.values.map(figures), errors: known.errors.map(codes), times: known.times.map(figures) };
}
