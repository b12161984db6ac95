/**
 * The coarse verdict: what a tick has read already tells why each row is slow, without a suspect. It costs a few
 * columns of the Usage; `look/` tells more about one workload.
 *
 * Four things it cannot know, as a tick does not read them. Whether a quota of cgroup v1 throttles a row, where v1 holds the cpu
 * controller: it looks like a wait behind others. How long a row was throttled by an ancestor: the
 * ancestor's own throttled time bounds it from above, so a wait behind others is bounded from below. Whether the disk
 * that it waits for is busy for others. At which level memory is short, where no Snapshot before is given.
 */

import { column } from '../metrics/files.ts';
import { unknownRows } from '../metrics/moved-rows.ts';
import { matchRows, type Snapshot, valueAt } from '../metrics/snapshot.ts';
import type { Usage } from '../metrics/usage.ts';
import { CAUSES, type Cause, MS_PER_PERCENT, rankOf } from './model.ts';
import { THRESHOLDS } from './thresholds.ts';

export interface CoarseVerdicts {
  /** Index into CAUSES, a row each: the cause of the largest loss. */
  readonly causes: Uint8Array;
  /** Milliseconds of each second lost to it; NaN where the cause is `fine`, `unknown` or has no clock. */
  readonly losses: Float64Array;
}

export interface CoarseVerdict {
  readonly cause: Cause;
  readonly loss: number;
}

export const coarseVerdict = ({ causes, losses }: CoarseVerdicts, row: number): CoarseVerdict => ({
  cause: CAUSES[causes[row] ?? UNKNOWN]?.code ?? 'unknown',
  loss: losses[row] ?? Number.NaN,
});

/** What a tick can tell. */
export const COARSE_CAUSES: readonly Cause[] = [
  'frozen',
  'pids',
  'own-cpu-quota',
  'ancestor-cpu-quota',
  'cpu-wait',
  'self-cpu',
  'disk',
  'own-memory',
  'memory-short',
  'fine',
  'unknown',
];

const UNKNOWN = rankOf('unknown');
const FINE = rankOf('fine');
const FROZEN = rankOf('frozen');
const PIDS = rankOf('pids');
const OWN_QUOTA = rankOf('own-cpu-quota');
const QUOTA_ABOVE = rankOf('ancestor-cpu-quota');
const CPU_WAIT = rankOf('cpu-wait');
const SELF_CPU = rankOf('self-cpu');
const DISK = rankOf('disk');
const OWN_MEMORY = rankOf('own-memory');
const MEMORY_SHORT = rankOf('memory-short');

const IS_FROZEN = column('cgroup.events:frozen');
const HIGH = column('memory.events:high');
const MAX = column('memory.events:max');
const FORKS_FAILED = column('pids.events:max');

const METRICS_ASKED = [
  'cpu_throttled_time_percent',
  'cpu_percent',
  'psi_cpu_some_percent',
  'psi_cpu_full_percent',
  'psi_io_some_percent',
  'psi_memory_some_percent',
] as const;

/** All that coarse verdicts are made of. */
export const verdictInputs = ({ snapshot, before, column: metric }: Usage): readonly unknown[] => [
  snapshot.rows,
  before?.rows,
  snapshot.values[IS_FROZEN],
  ...METRICS_ASKED.map((id) => metric(id)),
  ...[HIGH, MAX, FORKS_FAILED].flatMap((index) => [snapshot.values[index], before?.values[index]]),
];

/** `only`: whether that cause holds, whatever else holds too. */
export function coarseVerdicts(usage: Usage, only?: Cause): CoarseVerdicts {
  const { snapshot, before } = usage;
  const count = snapshot.rows.length;
  const causes = new Uint8Array(count).fill(UNKNOWN);
  const losses = unknownRows(count);
  const asked = (id: (typeof METRICS_ASKED)[number]): Float64Array => usage.column(id);
  const throttled = asked('cpu_throttled_time_percent');
  const used = asked('cpu_percent');
  const cpuSome = asked('psi_cpu_some_percent');
  const cpuFull = asked('psi_cpu_full_percent');
  const ioSome = asked('psi_io_some_percent');
  const memorySome = asked('psi_memory_some_percent');
  const [high, max, forksFailed] = [HIGH, MAX, FORKS_FAILED].map((index) => grownRows(index, snapshot, before));
  /** Throttled time of all ancestors. */
  const above = new Float64Array(count);
  let most = 0;

  /** `holds`: false too where a figure is missing, for NaN compares to nothing. */
  function take(row: number, cause: number, loss: number, holds: boolean): void {
    if (!holds || loss <= most || (only && CAUSES[cause]?.code !== only)) return;
    most = loss;
    causes[row] = cause;
    losses[row] = loss;
  }

  for (let row = 0; row < count; row++) {
    const parent = snapshot.parents[row] ?? -1;
    if (parent >= 0) above[row] = (above[parent] ?? 0) + orNone(inMs(throttled, parent));
    if (valueAt(snapshot, IS_FROZEN, row) === 1) {
      causes[row] = FROZEN;
      losses[row] = 1000;
      continue;
    }
    const full = inMs(cpuFull, row);
    const some = inMs(cpuSome, row);
    const io = inMs(ioSome, row);
    const memory = inMs(memorySome, row);
    const own = Math.min(1000, orNone(inMs(throttled, row)));
    most = 0;
    // Most rows of most machines lost nothing at all.
    if (full + some + io + memory + own !== 0) {
      const busy = inMs(used, row);
      const over = Math.min(Math.max(0, full - own), above[row] ?? 0);
      const wait = Math.max(0, full - own - over);
      const isRoot = parent < 0 && snapshot.rows[row]?.path === '/';
      take(row, OWN_QUOTA, own, own >= THRESHOLDS.throttled && own >= THRESHOLDS.throttledShare * (busy + own));
      take(row, QUOTA_ABOVE, over, over >= THRESHOLDS.throttled && over >= THRESHOLDS.throttledShare * (busy + over));
      take(row, CPU_WAIT, wait, wait >= THRESHOLDS.cpuWait && wait >= THRESHOLDS.cpuWaitShare * (busy + wait));
      take(row, SELF_CPU, some - full, !isRoot && some - full >= THRESHOLDS.selfCpu && wait < THRESHOLDS.cpuWait);
      take(row, DISK, io, io >= THRESHOLDS.ioSome);
      if (memory >= THRESHOLDS.memorySome)
        take(row, high?.has(row) || max?.has(row) ? OWN_MEMORY : MEMORY_SHORT, memory, true);
    }
    if (most === 0 && forksFailed?.has(row)) causes[row] = PIDS;
    else if (most === 0 && full + io + memory >= 0) causes[row] = FINE;
  }
  return { causes, losses };
}

const inMs = (percents: Float64Array, row: number): number => (percents[row] ?? Number.NaN) * MS_PER_PERCENT;

/** The figure; 0 where it is unavailable. */
const orNone = (figure: number): number => (Number.isNaN(figure) ? 0 : figure);

/** Rows of which a counter has grown since `before`; none where that is not known. */
function grownRows(index: number, snapshot: Snapshot, before: Snapshot | undefined): ReadonlySet<number> {
  const grown = new Set<number>();
  const [now, then] = [snapshot.values[index], before?.values[index]];
  if (!before || !now || !then || (now === then && snapshot.rows === before.rows)) return grown;
  const was = matchRows(snapshot.rows, before.rows);
  for (let row = 0; row < now.length; row++)
    if ((now[row] ?? Number.NaN) > (then[was[row] ?? -1] ?? Number.NaN)) grown.add(row);
  return grown;
}
