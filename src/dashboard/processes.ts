/** The process tree of the selected row, kept with the reading before it so that CPU has an interval. */
import { createProcessReader } from '../inventory/processes.ts';
import { readUserNames, type UserNames } from '../inventory/users.ts';
import type { Workload } from '../inventory/workload.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { type ProcessTimes, processTimes } from '../metrics/process-usage.ts';
import type { ProcessList } from './process-view.ts';

export interface SelectedProcesses {
  read(workload: Workload): Promise<void>;
  /** Last tree of that row; undefined where another one was read last. */
  of(inode: number | undefined): ProcessList | undefined;
}

export function openSelectedProcesses({
  mount,
  proc,
  readFiles,
}: {
  mount: string;
  proc: string;
  readFiles: ReadFiles;
}): SelectedProcesses {
  const readTree = createProcessReader({ proc, mount });
  let list: ProcessList | undefined;
  let users: { readonly inode: number; readonly names: UserNames } | undefined;
  return {
    read: async ({ path, inode }) => {
      const { roots, left } = await readTree(path);
      const now = processTimes(roots, Number(process.hrtime.bigint()) / 1e6);
      const before: ProcessTimes | undefined = list?.inode === inode ? list.now : undefined;
      if (users?.inode !== inode) users = { inode, names: await readUserNames(proc, roots[0]?.pid, readFiles) };
      list = { inode, roots, left, before, now, users: users.names };
    },
    of: (inode) => (list && list.inode === inode ? list : undefined),
  };
}
