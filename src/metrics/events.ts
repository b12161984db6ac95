/**
 * What happened between two Frames: OOM kills, memory.high, pids.max, throttling bursts, cgroups that came, went or
 * were re-created, frozen, and limits that changed. A ring buffer; and for a minute the last words of whom the OOM
 * killer ended together with its cgroup.
 */
import type { Workload } from '../inventory/workload.ts';
import { column } from './files.ts';
import { formatValue } from './format.ts';
import type { Snapshot } from './snapshot.ts';
import type { Frame } from './source.ts';

export const EVENT_KINDS = [
  'oom',
  'memory.high',
  'memory.max',
  'pids.max',
  'throttled',
  'limit',
  'drift',
  'frozen',
  'thawed',
  'new',
  're-created',
  'gone',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly kind: EventKind;
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

export interface EventLog {
  /** Events since the Frame before, oldest first; none for the first Frame. */
  push(frame: Frame): readonly LogEvent[];
  /** What others saw. */
  tell(event: LogEvent): void;
  /** Oldest first. */
  all(): readonly LogEvent[];
  /** Workloads that were OOM-killed and are gone, for a minute. */
  gasps(now: number): readonly LogEvent[];
  /** Limits of these paths change by our own hand in the next seconds. */
  expect(paths: readonly string[], now: number): void;
}

const KEPT = 500;
/** Where cgroups come and go by the thousand these leave the ring first, so that an OOM kill stays in it. */
const CHURN: ReadonlySet<EventKind> = new Set(['new', 're-created', 'gone']);
const GASP_MS = 60_000;
const OWN_MS = 15_000;
/** An OOM kill so long before the end counts as its cause. */
const CAUSE_MS = 10_000;
const BURST_PERCENT = 50;

const COUNTERS: readonly { readonly kind: EventKind; readonly index: number; readonly one: string }[] = [
  { kind: 'oom', index: column('memory.events:oom_kill'), one: 'killed by the OOM killer' },
  { kind: 'memory.high', index: column('memory.events:high'), one: 'slowed at memory.high' },
  { kind: 'memory.max', index: column('memory.events:max'), one: 'at memory.max' },
  { kind: 'pids.max', index: column('pids.events:max'), one: 'could not fork at pids.max' },
];

const LIMIT_COLUMNS = [
  'cpu.max:quota',
  'cpu.max:period',
  'cpu.weight:value',
  'memory.max:value',
  'memory.high:value',
  'memory.swap.max:value',
  'pids.max:value',
].map((ref) => ({ ref, file: ref.slice(0, ref.lastIndexOf(':')), index: column(ref) }));

const FROZEN = column('cgroup.events:frozen');
const PEAK = column('memory.peak:value');
const CURRENT = column('memory.current:value');

interface Before {
  readonly snapshot: Snapshot;
  readonly workloads: readonly Workload[];
  readonly rowOf: ReadonlyMap<number, number>;
  readonly throttled: Float64Array;
}

export function createEventLog(kept = KEPT): EventLog {
  const ring: LogEvent[] = [];
  let lastWords: LogEvent[] = [];
  let before: Before | undefined;
  /** When an OOM kill was seen, by inode. */
  const killed = new Map<number, number>();
  const expected = new Map<string, number>();

  return {
    push(frame) {
      const { snapshot } = frame.usage;
      const rowOf = new Map(snapshot.rows.map(({ inode }, row) => [inode, row]));
      const throttled = frame.usage.column('cpu_throttled_percent');
      const events = before ? compare(before, frame, rowOf, throttled) : [];
      before = { snapshot, workloads: frame.workloads, rowOf, throttled };
      keep(...events);
      return events;
    },
    tell: (event) => keep(event),
    all: () => ring,
    gasps: (now) => {
      lastWords = lastWords.filter(({ time }) => now - time < GASP_MS);
      return lastWords;
    },
    expect: (paths, now) => {
      for (const path of paths) expected.set(path, now + OWN_MS);
    },
  };

  function keep(...events: readonly LogEvent[]): void {
    ring.push(...events);
    while (ring.length > kept) {
      const oldest = ring.findIndex(({ kind }) => CHURN.has(kind));
      ring.splice(Math.max(0, oldest), 1);
    }
  }

  function compare(old: Before, frame: Frame, rowOf: ReadonlyMap<number, number>, throttled: Float64Array): LogEvent[] {
    const { snapshot } = frame.usage;
    const time = snapshot.wall || Date.now();
    const events: LogEvent[] = [];
    const tell = (kind: EventKind, { name, path }: Workload, text: string): void =>
      void events.push({ time, kind, name, path, text });
    const now = (index: number, row: number): number => at(snapshot, index, row);
    const then = (index: number, row: number): number => at(old.snapshot, index, row);

    /** By counter and row; the kernel counts an event in every ancestor too. */
    const rises = COUNTERS.map(({ index }) => {
      const rise = new Float64Array(snapshot.rows.length);
      snapshot.rows.forEach(({ inode }, row) => {
        const was = old.rowOf.get(inode);
        if (was !== undefined) rise[row] = Math.max(0, now(index, row) - then(index, was)) || 0;
      });
      return rise;
    });
    const oomRise = rises[0] ?? new Float64Array();
    const own = rises.map((rise) => {
      const left = rise.slice();
      snapshot.parents.forEach((parent, row) => {
        if (parent >= 0) left[parent] = (left[parent] ?? 0) - (rise[row] ?? 0);
      });
      return left;
    });

    /** Made when a cgroup is new: rarely. */
    let oldPaths: ReadonlySet<string> | undefined;
    frame.workloads.forEach((workload, row) => {
      const was = old.rowOf.get(workload.inode);
      if (was === undefined) {
        oldPaths ??= new Set(old.workloads.map(({ path }) => path));
        const isAgain = oldPaths.has(workload.path);
        if (isTold(workload)) tell(isAgain ? 're-created' : 'new', workload, workload.path);
        return;
      }
      COUNTERS.forEach(({ kind, one }, counter) => {
        const times = own[counter]?.[row] ?? 0;
        if (times > 0) tell(kind, workload, `${one}${times > 1 ? `, ${times} times` : ''}`);
      });
      if ((own[0]?.[row] ?? 0) > 0) killed.set(workload.inode, time);
      const [burst = Number.NaN, earlier = Number.NaN] = [throttled[row], old.throttled[was]];
      if (burst >= BURST_PERCENT && !(earlier >= BURST_PERCENT)) {
        tell('throttled', workload, `in ${burst.toFixed(0)} % of its quota periods`);
      }
      const [isFrozen, wasFrozen] = [now(FROZEN, row), then(FROZEN, was)];
      if (isFrozen !== wasFrozen && !Number.isNaN(isFrozen + wasFrozen)) {
        tell(isFrozen === 1 ? 'frozen' : 'thawed', workload, workload.path);
      }
      const changed = LIMIT_COLUMNS.filter(
        ({ index }) => now(index, row) !== then(index, was) && !Number.isNaN(now(index, row) + then(index, was)),
      );
      for (const { ref, index } of changed) {
        const byUs = (expected.get(workload.path) ?? 0) > time ? 'by us' : 'by another';
        tell(
          'limit',
          workload,
          `${ref.replace(/:value$/, '')} ${shown(ref, then(index, was))} → ${shown(ref, now(index, row))}, ${byUs}`,
        );
      }
    });

    const anyOom = oomRise.some((rise) => rise > 0);
    for (const workload of old.workloads) {
      if (rowOf.has(workload.inode)) continue;
      const isOom =
        isRecent(killed.get(workload.inode), time) || (anyOom && diedOfOom(workload, old, frame, oomRise, own[0]));
      killed.delete(workload.inode);
      if (!isTold(workload)) continue;
      const was = old.rowOf.get(workload.inode) ?? -1;
      const most = [then(PEAK, was), then(CURRENT, was)].find((value) => !Number.isNaN(value)) ?? Number.NaN;
      const text = isOom ? `OOM-killed and gone; it had ${formatValue(most, 'bytes')}` : workload.path;
      tell('gone', workload, text);
      if (isOom) lastWords.push({ time, kind: 'gone', name: workload.name, path: workload.path, text });
    }
    for (const [path, until] of expected) if (until < time) expected.delete(path);
    return events;
  }
}

const at = ({ values, rows }: Snapshot, index: number, row: number): number =>
  values[index * rows.length + row] ?? Number.NaN;

const isTold = ({ kind }: Workload): boolean => kind !== 'inner' && kind !== 'monitor';

const isRecent = (seen: number | undefined, now: number): boolean => seen !== undefined && now - seen < CAUSE_MS;

/** Its nearest living ancestor counted a kill that none of its living children had: the one that is gone had it. */
function diedOfOom(
  { path }: Workload,
  old: Before,
  { workloads }: Frame,
  rise: Float64Array,
  own: Float64Array | undefined,
): boolean {
  for (let up = parentOf(path); up !== undefined; up = parentOf(up)) {
    const inode = old.workloads.find((workload) => workload.path === up)?.inode;
    const row = workloads.findIndex((workload) => workload.inode === inode);
    if (row >= 0) return (rise[row] ?? 0) > 0 && (own?.[row] ?? 0) > 0;
  }
  return false;
}

const parentOf = (path: string): string | undefined =>
  path === '/' ? undefined : path.slice(0, Math.max(1, path.lastIndexOf('/')));

const shown = (ref: string, value: number): string => formatValue(value, ref.startsWith('memory') ? 'bytes' : 'count');
