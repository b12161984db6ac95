/** Interface files as far as a recording has them: the keys that are columns, as the kernel writes them. */

import { column, SNAPSHOT_FILES } from '../metrics/files.ts';
import { errorAt, type Snapshot, valueAt } from '../metrics/snapshot.ts';

/** The text of one file, with the keys that were recorded; undefined where it was not read. */
export function fileText(snapshot: Snapshot, row: number, file: string): string | undefined {
  const index = SNAPSHOT_FILES.findIndex((one) => one.file === file);
  const spec = SNAPSHOT_FILES[index];
  if (!spec || row < 0 || errorAt(snapshot, index, row) !== 0) return undefined;
  const figures = spec.keys.map((key) => ({ key, value: valueAt(snapshot, column(`${file}:${key}`), row) }));
  const text = (value: number): string => (value === Number.POSITIVE_INFINITY ? 'max' : String(value));
  const known = figures.filter(({ value }) => !Number.isNaN(value));
  if (spec.format === 'single' || spec.format === 'words') return known.map(({ value }) => text(value)).join(' ');
  return known.map(({ key, value }) => `${key} ${text(value)}`).join('\n');
}
