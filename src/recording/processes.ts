/** The processes that matter, to be recorded: those in PID namespaces of their own, the busiest, the largest; bounded. */

import { createProcessReader, type ProcessNode } from '../inventory/processes.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { createCgroupTimes } from '../metrics/cgroup-times.ts';
import { processKey } from '../metrics/process-usage.ts';
import type { Snapshot } from '../metrics/snapshot.ts';
import { gridTime } from '../metrics/time-grid.ts';
import type { RecordedProcess, RecordedProcesses } from './format/moment.ts';

export interface ProcessRecorder {
  /**
   * `snapshot`: the newest there is, which tells where something ran. What used less than the sampler's bound, as a process
   * that only ended, is seen in the turn of its cgroup.
   */
  read(snapshot: Snapshot): Promise<RecordedProcesses>;
}

export interface ProcessRecorderOptions {
  readonly proc: string;
  readonly mount: string;
  readonly readFiles: ReadFiles;
  readonly readOften: ReadFiles;
  /** Recorded at most. */
  readonly most?: number;
}

/** Known at most, to choose from. */
const MOST_READ = 4096;
/** Milliseconds: the memory of a process that sleeps is read so often. */
const TURN_MS = 30_000;
const MOST = 1024;

export function createProcessRecorder({
  proc,
  mount,
  readFiles,
  readOften,
  most = MOST,
}: ProcessRecorderOptions): ProcessRecorder {
  const readTree = createProcessReader({ proc, mount, readFiles, readOften, most: MOST_READ, turnMs: TURN_MS });
  const timesOf = createCgroupTimes();
  let before: readonly RecordedProcess[] = [];
  return {
    read: async (snapshot) => {
      const { roots } = await readTree('/', timesOf(snapshot, '/'));
      const time = gridTime(monotonicMs());
      const all = flat(roots);
      const list = chosen(all, before, most).sort((a, b) => a.pid - b.pid);
      before = all;
      return { time, list };
    },
  };
}

function flat(nodes: readonly ProcessNode[], list: RecordedProcess[] = []): RecordedProcess[] {
  for (const node of nodes) {
    list.push(node);
    flat(node.children, list);
  }
  return list;
}

/** A third each for the inside of containers, for what uses the CPU and for what uses memory. */
function chosen(all: RecordedProcess[], before: readonly RecordedProcess[], most: number): RecordedProcess[] {
  if (all.length <= most) return all;
  const ticks = ({ utimeTicks, stimeTicks }: RecordedProcess): number => utimeTicks + stimeTicks;
  const known = new Map(before.map((one) => [processKey(one), ticks(one)]));
  const used = (one: RecordedProcess): number => ticks(one) - (known.get(processKey(one)) ?? 0);
  const part = Math.floor(most / 3);
  const isInside = ({ pid, innerPid }: RecordedProcess): boolean => pid !== innerPid;
  return [
    ...new Set([
      ...all.toSorted((a, b) => used(b) - used(a)).slice(0, part),
      ...all.toSorted((a, b) => b.rssBytes - a.rssBytes).slice(0, part),
      ...all.filter(isInside).slice(0, part),
    ]),
  ];
}
