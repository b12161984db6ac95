/** Snapshots made by hand: a row by path with the figures that matter. */

import * as assert from 'uvu/assert';
import { type Columns, NOT_READ, placesOf } from '../../src/kernel/collector.ts';
import { draftAfter } from '../../src/metrics/draft.ts';
import { CGROUP_FILES, COLUMN_COUNT, COLUMNS, FILE_OF_COLUMN, SNAPSHOT_FILES } from '../../src/metrics/files.ts';
import type { HostSnapshot } from '../../src/metrics/host.ts';
import { parentRows, type Snapshot, unknownFigures } from '../../src/metrics/snapshot.ts';

export interface Row {
  readonly path: string;
  readonly inode?: number;
  /** By `file:key`. */
  readonly figures: Readonly<Record<string, number>>;
  /** By file. */
  readonly errors?: Readonly<Record<string, number>>;
}

export const HOST: HostSnapshot = {
  cpus: 4,
  cpuSet: '0-3',
  cpuBusyTicks: 0,
  cpuTotalTicks: 0,
  memoryTotal: 8 * 2 ** 30,
  memoryAvailable: 4 * 2 ** 30,
  swapTotal: 0,
  swapFree: 0,
  oomKills: 0,
  load: [0, 0, 0],
  pressure: { cpu: {}, memory: {}, io: {} },
  time: 0,
  own: { cpuUsec: 0, rss: 0 },
};

/** `seconds` is the time of every read. */
export function snapshotOf(seconds: number, entries: readonly Row[]): Snapshot {
  const rows = entries.map(({ path, inode }, index) => ({ path, inode: inode ?? index + 1 }));
  const [parents, monotonic] = [parentRows(rows), seconds * 1000];
  const draft = draftAfter({ rows, parents, ...unknownFigures(rows.length) }, rows, monotonic);
  entries.forEach(({ figures, errors: failed = {} }, row) => {
    for (const [ref, value] of Object.entries(figures)) {
      const column = COLUMNS.get(ref);
      if (column === undefined) throw new Error(`no column ${ref}`);
      draft.setValue(column, row, value);
      const file = FILE_OF_COLUMN[column] ?? 0;
      draft.setError(file, row, 0);
      draft.setTime(file, row, monotonic);
    }
    for (const [file, errno] of Object.entries(failed)) {
      draft.setError(
        SNAPSHOT_FILES.findIndex((spec) => spec.file === file),
        row,
        errno,
      );
    }
  });
  const { values, errors, times } = draft;
  return { wall: 0, monotonic, host: HOST, rows, parents, values, errors, times };
}

/** `--` on the screen. */
export function isUnavailable(value: number | undefined, message?: string): void {
  assert.ok(Number.isNaN(value), message ?? `${value} should be unavailable`);
}

/** A pass of a collector over so many rows, before anything is read. */
export const unreadColumns = (rows: number): Columns & { reads: number } => ({
  rows,
  ...placesOf(CGROUP_FILES, Uint32Array.of(2 ** CGROUP_FILES.length - 1)),
  values: new Float64Array(rows * COLUMN_COUNT).fill(Number.NaN),
  errors: new Uint8Array(rows * CGROUP_FILES.length).fill(NOT_READ),
  times: new Float64Array(rows * CGROUP_FILES.length).fill(Number.NaN),
  states: new Uint8Array(rows),
  inodes: new Float64Array(rows).fill(Number.NaN),
  watched: new Uint32Array(rows),
  told: new Uint32Array(),
  reads: 0,
});
