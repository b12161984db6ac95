/** The CPU time that cgroups have used, as a Snapshot has it: it tells a reader of processes where something ran. */

import type { CgroupTimes } from '../inventory/cgroup-members.ts';
import { isWithin } from '../kernel/cgroup-path.ts';
import { column, FILE_OF_COLUMN } from './files.ts';
import { errorAt, type Snapshot, valueAt } from './snapshot.ts';

export type CgroupTimesOf = (snapshot: Pick<Snapshot, 'rows' | 'values' | 'errors'>, path: string) => CgroupTimes;

const USAGE = column('cpu.stat:usage_usec');
const CPU_STAT = FILE_OF_COLUMN[USAGE] ?? 0;

/** Of the cgroup with that path and all below it. */
export function createCgroupTimes(): CgroupTimesOf {
  let known: { snapshotRows: Snapshot['rows']; path: string; rows: Uint32Array; paths: readonly string[] } | undefined;
  return (snapshot, path) => {
    const { rows: snapshotRows } = snapshot;
    if (known?.snapshotRows !== snapshotRows || known.path !== path) {
      const rows = Uint32Array.from([...snapshotRows.keys()].filter((row) => isWithin(snapshotRows[row]?.path, path)));
      known = { snapshotRows, path, rows, paths: Array.from(rows, (row) => snapshotRows[row]?.path ?? '/') };
    }
    const { rows, paths } = known;
    const usages = new Float64Array(rows.length);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] ?? -1;
      // The root counts the ticks of the machine, which miss what runs for less than one.
      const isKnown = paths[index] !== '/' && errorAt(snapshot, CPU_STAT, row) === 0;
      usages[index] = isKnown ? valueAt(snapshot, USAGE, row) : Number.NaN;
    }
    return { paths, usages };
  };
}
