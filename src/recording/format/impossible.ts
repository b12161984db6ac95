/** Figures that no machine can have told, as a recording that is forged has them, become unavailable, with the reason. */

import { FILE_OF_COLUMN, SNAPSHOT_FILES } from '../../metrics/files.ts';
import { isPossible } from '../../metrics/metric.ts';
import { IMPOSSIBLE, type RowFigures } from '../../metrics/snapshot.ts';

/** Files in which the kernel writes `max`. */
const OF_LIMITS = /\.(max|high)$/;
const IS_LIMIT: readonly boolean[] = FILE_OF_COLUMN.map((file) => OF_LIMITS.test(SNAPSHOT_FILES[file]?.file ?? ''));

const isSound = (figure: number, isLimit: boolean): boolean =>
  Number.isNaN(figure) || isPossible({ unit: 'count', ...(isLimit && { isLimit }) }, figure);

/** Whether a column of a Snapshot can have that figure. */
export const isSoundIn = (column: number, figure: number): boolean => isSound(figure, IS_LIMIT[column] ?? false);

/** Arrays that were looked at: those in which nothing happens are shared by the moments. */
const SOUND = new WeakSet<Float64Array>();

/** The same array where all figures can be. */
export function soundFigures(figures: Float64Array, isLimit = false): Float64Array {
  if (SOUND.has(figures)) return figures;
  const sound = figures.every((figure) => isSound(figure, isLimit))
    ? figures
    : figures.map((figure) => (isSound(figure, isLimit) ? figure : Number.NaN));
  SOUND.add(sound);
  return sound;
}

/** The same arrays where all figures can be. Else the file of the figure tells, in `errors`, which are written to. */
export function soundRows({ values, errors, times }: RowFigures): RowFigures {
  const sound = values.map((column, index) => soundFigures(column, IS_LIMIT[index]));
  sound.forEach((column, index) => {
    const told = values[index];
    const codes = errors[FILE_OF_COLUMN[index] ?? -1];
    if (column === told) return;
    for (let row = 0; row < column.length; row++)
      if (codes && Number.isNaN(column[row]) && !Number.isNaN(told?.[row])) codes[row] = IMPOSSIBLE;
  });
  return { values: sound, errors, times };
}
