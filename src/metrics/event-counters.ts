/** The events that the kernel counts in each cgroup, and how often each happened between two Frames. Pure. */

import type { Workload } from '../inventory/workload.ts';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import { column } from './files.ts';
import { matchRows, type Snapshot, valueAt } from './snapshot.ts';
import type { Frame } from './source.ts';

const OOM_KILL = column('memory.events:oom_kill');

/** `one`: what is said of one such event. */
export const EVENT_COUNTERS = [
  { kind: 'oom', index: OOM_KILL, one: 'killed by the OOM killer' },
  { kind: 'memory.high', index: column('memory.events:high'), one: 'slowed at memory.high' },
  { kind: 'memory.max', index: column('memory.events:max'), one: 'at memory.max' },
  { kind: 'pids.max', index: column('pids.events:max'), one: 'could not fork at pids.max' },
] as const;

type Counter = (typeof EVENT_COUNTERS)[number];

/** What is kept of the Frame before. */
export interface EarlierFrame {
  readonly snapshot: Snapshot;
  readonly workloads: readonly Workload[];
}

/** The events of one counter, by row of the later Frame. */
export interface CountedEvents {
  readonly counter: Counter;
  /** Those in the row and below it: the kernel counts an event in every ancestor too. */
  readonly all: Float64Array;
  /** Those in the row itself, and below it in cgroups that have no row. */
  readonly own: Float64Array;
}

/** Whether a column is another one than before. An array that both Snapshots share holds no change. */
export const isOtherThan = (old: Snapshot, snapshot: Snapshot, index: number): boolean =>
  snapshot.values[index] !== old.values[index];

export const isAnyCounted = (old: Snapshot, snapshot: Snapshot): boolean =>
  snapshot.host.oomKills !== old.host.oomKills || EVENT_COUNTERS.some(({ index }) => isOtherThan(old, snapshot, index));

/** In the order of EVENT_COUNTERS. */
export const countedEvents = (old: EarlierFrame, frame: Frame): readonly CountedEvents[] =>
  EVENT_COUNTERS.map((counter) => {
    const all = risesOf(counter.index, old, frame);
    const own = all.slice();
    frame.usage.snapshot.parents.forEach((parent, row) => {
      if (parent >= 0) own[parent] = (own[parent] ?? 0) - (all[row] ?? 0);
    });
    return { counter, all, own };
  });

function risesOf(index: number, { snapshot: old, workloads }: EarlierFrame, frame: Frame): Float64Array {
  const { snapshot } = frame.usage;
  const rises = new Float64Array(snapshot.rows.length);
  if (isOtherThan(old, snapshot, index)) {
    matchRows(snapshot.rows, old.rows).forEach((was, row) => {
      if (was >= 0) rises[row] = Math.max(0, valueAt(snapshot, index, row) - valueAt(old, index, was)) || 0;
    });
  }
  if (index !== OOM_KILL) return rises;
  // The root has no memory.events. /proc/vmstat counts the kills of the whole machine, which is what the root's would.
  const root = frame.workloads.findIndex(({ path }) => path === '/');
  const isCounted = root >= 0 && workloads.some((_, was) => !Number.isNaN(valueAt(old, OOM_KILL, was)));
  if (isCounted && Number.isNaN(valueAt(snapshot, OOM_KILL, root)))
    rises[root] = Math.max(0, snapshot.host.oomKills - old.host.oomKills) || 0;
  return rises;
}

/**
 * Whether a workload that is gone was OOM-killed: its nearest living ancestor counted a kill that none of its living children
 * had. `was`: its row in the Frame before.
 */
export function diedOfOom(
  { path, host }: Workload,
  was: number,
  { old, frame, all, own }: { readonly old: EarlierFrame; readonly frame: Frame } & Pick<CountedEvents, 'all' | 'own'>,
): boolean {
  if (Number.isNaN(valueAt(old.snapshot, OOM_KILL, was))) return false;
  for (const up of ancestorsOf(path)) {
    const inode = old.workloads.find((workload) => workload.path === up && workload.host === host)?.inode;
    const row = frame.workloads.findIndex((workload) => workload.inode === inode);
    if (row >= 0) return (all[row] ?? 0) > 0 && (own[row] ?? 0) > 0;
  }
  return false;
}
