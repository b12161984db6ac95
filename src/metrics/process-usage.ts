/** CPU time and run-queue wait of processes between two readings. A process is a pid with its start time, as pids are reused. */

import type { ProcessNode } from '../inventory/processes.ts';
import { USER_HZ } from '../kernel/machine.ts';

export interface ProcessUsage {
  /** 100 is one CPU; NaN for the first reading of a process. */
  readonly cpuPercent: number;
  /** Share of the interval in which its main thread was ready but had no CPU. */
  readonly waitPercent: number;
}

type OwnTimes = Pick<ProcessNode, 'startTime' | 'utimeTicks' | 'stimeTicks' | 'waitNs'>;

export interface ProcessTimes {
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  readonly byPid: ReadonlyMap<number, OwnTimes>;
}

export const processKey = ({ pid, startTime }: Pick<ProcessNode, 'pid' | 'startTime'>): string => `${pid}:${startTime}`;

export function processTimes(nodes: readonly ProcessNode[], time: number): ProcessTimes {
  const byPid = new Map<number, OwnTimes>();
  const visit = (node: ProcessNode): void => {
    byPid.set(node.pid, node);
    node.children.forEach(visit);
  };
  nodes.forEach(visit);
  return { time, byPid };
}

const UNKNOWN: ProcessUsage = { cpuPercent: Number.NaN, waitPercent: Number.NaN };
const STILL: ProcessUsage = { cpuPercent: 0, waitPercent: 0 };

/** Undefined where the pid is that of another process. */
function timesOf({ pid, startTime }: ProcessNode, times: ProcessTimes | undefined): OwnTimes | undefined {
  const found = times?.byPid.get(pid);
  return found?.startTime === startTime ? found : undefined;
}

export function processUsage(node: ProcessNode, before: ProcessTimes | undefined, now: ProcessTimes): ProcessUsage {
  const old = timesOf(node, before);
  const current = timesOf(node, now);
  const milliseconds = before ? now.time - before.time : Number.NaN;
  if (!old || !current || !(milliseconds > 0)) return UNKNOWN;
  // The node of the reading before: the process stands still.
  if (old === current && !Number.isNaN(current.waitNs)) return STILL;
  const ticks = current.utimeTicks + current.stimeTicks - old.utimeTicks - old.stimeTicks;
  const cpuMilliseconds = (ticks / USER_HZ) * 1000;
  return {
    // The kernel scales utime and stime to fit their sum, which may step back by a tick.
    cpuPercent: Math.max(0, (cpuMilliseconds / milliseconds) * 100),
    waitPercent: Math.max(0, ((current.waitNs - old.waitNs) / 1e6 / milliseconds) * 100),
  };
}
