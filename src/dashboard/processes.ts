/** The process tree of the selected row, kept with the reading before it so that CPU has an interval. */
import { createProcessReader } from '../inventory/processes.ts';
import type { Workload } from '../inventory/workload.ts';
import { type ProcessTimes, processTimes } from '../metrics/process-usage.ts';
import type { ProcessList } from './process-view.ts';

export interface SelectedProcesses {
  read(workload: Workload): Promise<void>;
  /** Last tree of that row; undefined where another one was read last. */
  of(inode: number | undefined): ProcessList | undefined;
}

export function openSelectedProcesses({ mount, proc }: { mount: string; proc: string }): SelectedProcesses {
  const readTree = createProcessReader({ proc, mount });
  let list: ProcessList | undefined;
  return {
    read: async ({ path, inode }) => {
      const { roots, left } = await readTree(path);
      const now = processTimes(roots, Number(process.hrtime.bigint()) / 1e6);
      const before: ProcessTimes | undefined = list?.inode === inode ? list.now : undefined;
      list = { inode, roots, left, before, now };
    },
    of: (inode) => (list && list.inode === inode ? list : undefined),
  };
}
