/** CPU time and run-queue wait of processes between two readings. A process is a pid with its start time, as pids are reused. */

import type { ProcessNode } from '../inventory/processes.ts';
import { USER_HZ } from '../kernel/machine.ts';

export interface ProcessUsage {
  /** 100 is one CPU; NaN for the first reading of a process. */
  readonly cpuPercent: number;
  /** Share of the interval in which its main thread was ready but had no CPU. */
  readonly waitPercent: number;
}

export interface ProcessTimes {
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  readonly byKey: ReadonlyMap<string, { readonly ticks: number; readonly waitNs: number }>;
}

export const processKey = ({ pid, startTime }: Pick<ProcessNode, 'pid' | 'startTime'>): string => `${pid}:${startTime}`;

export function processTimes(nodes: readonly ProcessNode[], time: number): ProcessTimes {
  const byKey = new Map<string, { ticks: number; waitNs: number }>();
  const visit = (node: ProcessNode): void => {
    byKey.set(processKey(node), { ticks: node.utimeTicks + node.stimeTicks, waitNs: node.waitNs });
    node.children.forEach(visit);
  };
  nodes.forEach(visit);
  return { time, byKey };
}

export function processUsage(node: ProcessNode, before: ProcessTimes | undefined, now: ProcessTimes): ProcessUsage {
  const key = processKey(node);
  const [old, current] = [before?.byKey.get(key), now.byKey.get(key)];
  const milliseconds = before ? now.time - before.time : Number.NaN;
  if (!old || !current || !(milliseconds > 0)) return { cpuPercent: Number.NaN, waitPercent: Number.NaN };
  const cpuMilliseconds = ((current.ticks - old.ticks) / USER_HZ) * 1000;
  return {
    // The kernel scales utime and stime to fit their sum, which may step back by a tick.
    cpuPercent: Math.max(0, (cpuMilliseconds / milliseconds) * 100),
    waitPercent: Math.max(0, ((current.waitNs - old.waitNs) / 1e6 / milliseconds) * 100),
  };
}
