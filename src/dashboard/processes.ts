/** The process tree of the selected row, kept with the reading before it so that CPU has an interval. */

import { createProcessReader } from '../inventory/processes.ts';
import { readUserNames, type UserNames } from '../inventory/users.ts';
import type { Workload } from '../inventory/workload.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { createCgroupTimes } from '../metrics/cgroup-times.ts';
import { type ProcessTimes, processTimes } from '../metrics/process-usage.ts';
import type { Snapshot } from '../metrics/snapshot.ts';
import type { ProcessList } from './process-view.ts';

export interface SelectedProcesses {
  /** `snapshot`: the newest there is, which tells where something ran. */
  read(workload: Workload, snapshot: Snapshot): Promise<void>;
  /** Last tree of that row; undefined where another one was read last. */
  of(inode: number | undefined): ProcessList | undefined;
}

/** So many files are read in a second for the tree of one row: some 2 % of a CPU. One that has more is read less often. */
const FILES_A_SECOND = 1_000;

export function openSelectedProcesses({
  mount,
  proc,
  readFiles,
  clock = monotonicMs,
}: {
  mount: string;
  proc: string;
  readFiles: ReadFiles;
  /** Milliseconds. */
  clock?: () => number;
}): SelectedProcesses {
  const readTree = createProcessReader({ proc, mount, clock });
  const timesOf = createCgroupTimes();
  let list: ProcessList | undefined;
  let users: { readonly inode: number; readonly names: UserNames } | undefined;
  return {
    read: async ({ path, inode }, snapshot) => {
      if (list?.inode === inode && clock() - list.now.time < list.pace * 1000) return;
      const { roots, left, files } = await readTree(path, timesOf(snapshot, path));
      const now = processTimes(roots, clock());
      const before: ProcessTimes | undefined = list?.inode === inode ? list.now : undefined;
      if (users?.inode !== inode) users = { inode, names: await readUserNames(proc, roots[0]?.pid, readFiles) };
      // The first reading learns all; those after it tell what the tree costs from then on.
      list = { inode, roots, left, before, now, users: users.names, pace: before ? files / FILES_A_SECOND : 0 };
    },
    of: (inode) => (list && list.inode === inode ? list : undefined),
  };
}
