/** Recorded processes as trees. */

import type { ProcessNode } from '../inventory/processes.ts';
import { isWithin } from '../kernel/cgroup-path.ts';
import type { RecordedProcess } from './format/moment.ts';

/** The processes of a cgroup and of all below it: children under their parents, the inits of PID namespaces first. */
export function processesOf(list: readonly RecordedProcess[], path: string): ProcessNode[] {
  const own = list.filter((one) => isWithin(one.cgroup, path));
  const pids = new Set(own.map(({ pid }) => pid));
  const below = new Map<number, RecordedProcess[]>();
  for (const one of own) below.set(one.ppid, [...(below.get(one.ppid) ?? []), one]);
  const seen = new Set<number>();
  const node = (process: RecordedProcess): ProcessNode => {
    seen.add(process.pid);
    // A recording may hold a circle.
    const children = (below.get(process.pid) ?? []).filter(({ pid }) => !seen.has(pid));
    return { ...process, children: children.map(node) };
  };
  const roots = own.filter(({ ppid, pid }) => ppid === pid || !pids.has(ppid));
  const isInit = ({ innerPid }: RecordedProcess): boolean => innerPid === 1;
  return [...roots.filter(isInit), ...roots.filter((one) => !isInit(one))].map(node);
}
