/** The process tree of the selected row, kept with the reading before it so that CPU has an interval. */

import { createProcessReader } from '../inventory/processes.ts';
import { readUserNames, type UserNames } from '../inventory/users.ts';
import type { Workload } from '../inventory/workload.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { type ProcessTimes, processTimes } from '../metrics/process-usage.ts';
import type { ProcessList } from './process-view.ts';

export interface SelectedProcesses {
  read(workload: Workload): Promise<void>;
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
  const readTree = createProcessReader({ proc, mount });
  let list: ProcessList | undefined;
  let users: { readonly inode: number; readonly names: UserNames } | undefined;
  return {
    read: async ({ path, inode }) => {
      if (list?.inode === inode && clock() - list.now.time < list.pace * 1000) return;
      const { roots, left, files } = await readTree(path);
      const now = processTimes(roots, clock());
      const before: ProcessTimes | undefined = list?.inode === inode ? list.now : undefined;
      if (users?.inode !== inode) users = { inode, names: await readUserNames(proc, roots[0]?.pid, readFiles) };
      list = { inode, roots, left, before, now, users: users.names, pace: files / FILES_A_SECOND };
    },
    of: (inode) => (list && list.inode === inode ? list : undefined),
  };
}
