/**
 * What the figures of a Snapshot are that the one after it has otherwise, in little room. Rows that a parent vouches for all
 * have its time: figures that are alike are one run of rows.
 */

import { NOT_READ } from '../kernel/collector.ts';
import type { Draft } from './draft.ts';
import { isSameFigure } from './same-figure.ts';
import type { RowFigures } from './snapshot.ts';

/** A figure has a place: those of the first array, then those of the next one. Values come first, then errors, then times. */
export interface FigureDifference {
  /** By run: the place at which it begins, and the one before which it ends. */
  readonly places: Uint32Array;
  /** By run. */
  readonly figures: Float64Array;
}

type Figures = ArrayLike<number>;

const KINDS = ['values', 'errors', 'times'] as const;
const UNKNOWN = { values: Number.NaN, errors: NOT_READ, times: Number.NaN };

/** `laterRows`: by row, which one of `later` it is; -1 for one that is gone, of which nothing is known there. */
export function differenceOf(figures: RowFigures, later: RowFigures, laterRows: Int32Array): FigureDifference {
  const [places, runs]: [number[], number[]] = [[], []];
  let first = 0;
  let alike: readonly [Figures, Figures] | undefined;
  for (const kind of KINDS) {
    const arrays: readonly Figures[] = figures[kind];
    for (let index = 0; index < arrays.length; index++) {
      const [array, other] = [arrays[index] ?? [], later[kind][index] ?? []];
      // Most arrays are those of the Snapshot before, and those of files that are not there are one and the same.
      if (array !== other && !(alike?.[0] === array && alike[1] === other)) {
        const before = runs.length;
        addRuns(array, { other, rows: laterRows, unknown: UNKNOWN[kind] }, first, places, runs);
        if (runs.length === before) alike = [array, other];
      }
      first += array.length;
    }
  }
  return { places: Uint32Array.from(places), figures: Float64Array.from(runs) };
}

interface Later {
  readonly other: Figures;
  readonly rows: Int32Array;
  readonly unknown: number;
}

function addRuns(array: Figures, later: Later, first: number, places: number[], runs: number[]): void {
  for (let row = 0; row < array.length; row++) {
    const figure = array[row] ?? Number.NaN;
    if (isLater(later, row, figure)) continue;
    const begin = row;
    while (row + 1 < array.length && isLike(array, row + 1, figure) && !isLater(later, row + 1, figure)) row++;
    places.push(first + begin, first + row + 1);
    runs.push(figure);
  }
}

const isLike = (array: Figures, row: number, figure: number): boolean => isSameFigure(array[row] ?? Number.NaN, figure);

function isLater({ other, rows, unknown }: Later, row: number, figure: number): boolean {
  const at = rows[row] ?? -1;
  return isSameFigure(at >= 0 ? (other[at] ?? unknown) : unknown, figure);
}

/** Makes the figures of the later Snapshot those of the one before. */
export function undoDifference({ places, figures }: FigureDifference, draft: Draft): void {
  const rows = draft.rows.length;
  const [values, errors] = [draft.values.length, draft.errors.length];
  for (let run = 0; run < figures.length; run++) {
    const [figure, begin, end] = [figures[run] ?? Number.NaN, places[2 * run] ?? 0, places[2 * run + 1] ?? 0];
    const array = Math.floor(begin / rows);
    for (let row = begin - array * rows; row < end - array * rows; row++) {
      if (array < values) draft.setValue(array, row, figure);
      else if (array < values + errors) draft.setError(array - values, row, figure);
      else draft.setTime(array - values - errors, row, figure);
    }
  }
}
