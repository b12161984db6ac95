/**
 * A Snapshot in the making: the figures of the one before, and over them those that are read. What stands still is
 * shared by all Snapshots, and costs nothing.
 */

import { copiedOnWrite } from './copied-on-write.ts';
import { matchRows, parentRows, type RowFigures, type Snapshot, type SnapshotRow, unknownFigures } from './snapshot.ts';

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
  if (!before) return draftOf(unknownFigures(rows.length), rows, parentRows(rows), monotonic);
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

/** `from`: by row the row of `known`; -1 for a new one. */
function figuresOfRows(known: RowFigures, from: Int32Array): RowFigures {
  const moved = unknownFigures(from.length);
  for (const key of ['values', 'errors', 'times'] as const) {
    moved[key].forEach((array, index) => {
      const old = known[key][index];
      for (let row = 0; row < from.length; row++) {
        const figure = old?.[from[row] ?? -1];
        if (figure !== undefined) array[row] = figure;
      }
    });
  }
  return moved;
}
