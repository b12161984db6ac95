/**
 * What happened between two Frames: OOM kills, memory.high, pids.max, throttling bursts, cgroups that came, went or
 * were re-created, frozen, and limits that changed. The newest events are kept, and for a minute each workload that was
 * OOM-killed and whose cgroup is gone with it: it has no row any more that could show why.
 */

import type { Workload } from '../inventory/workload.ts';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import {
  type CountedEvents,
  countedEvents,
  diedOfOom,
  type EarlierFrame,
  isAnyCounted,
  isOtherThan,
} from './event-counters.ts';
import { column } from './files.ts';
import { formatValue } from './format.ts';
import { matchRows, valueAt } from './snapshot.ts';
import type { Frame } from './source.ts';

export const EVENT_KINDS = [
  'oom',
  'memory.high',
  'memory.max',
  'pids.max',
  'throttled',
  'pressure',
  'finding',
  'alert',
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
  /** The machine that it happened on, where that is not this one. */
  readonly host?: string;
  readonly text: string;
}

export interface EventLog {
  /** Events since the Frame before, oldest first; none for the first Frame. */
  push(frame: Frame): readonly LogEvent[];
  /** Adds an event that was not found by comparing Frames, as a PSI trigger. */
  tell(event: LogEvent): void;
  /** Oldest first. */
  all(): readonly LogEvent[];
  /** Workloads that were OOM-killed and are gone, for a minute. */
  recentOomKills(now: number): readonly LogEvent[];
  /** tscg or tstop changes limits of these paths in the next seconds: such changes are told as `by us`. */
  expect(paths: readonly string[], now: number): void;
}

const KEPT = 500;
/** Kinds of events of cgroups that come and go. */
export const CHURN: ReadonlySet<EventKind> = new Set(['new', 're-created', 'gone']);
/** Kinds that are dropped first when the log is full: thousands of them must not push out an OOM kill. */
const DROPPED_FIRST: readonly ReadonlySet<EventKind>[] = [CHURN, new Set<EventKind>(['pressure'])];
const RECENT_MS = 60_000;
const OWN_MS = 15_000;
/** A cgroup that ends within this time after an OOM kill in it is told as OOM-killed. */
const OOM_CAUSE_MS = 10_000;
const BURST_PERCENT = 50;

const LIMIT_COLUMNS = [
  'cpu.max:quota',
  'cpu.max:period',
  'cpu.weight:value',
  'memory.max:value',
  'memory.high:value',
  'memory.swap.max:value',
  'pids.max:value',
].map((ref) => ({ ref, index: column(ref) }));

const FROZEN = column('cgroup.events:frozen');
const CHANGES = [FROZEN, ...LIMIT_COLUMNS.map(({ index }) => index)];
const PEAK = column('memory.peak:value');
const CURRENT = column('memory.current:value');

interface Before extends EarlierFrame {
  readonly throttled: Float64Array;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createEventLog(kept = KEPT): EventLog {
  const ring: LogEvent[] = [];
  let oomKills: LogEvent[] = [];
  let before: Before | undefined;
  /** When an OOM kill was seen, by inode. */
  const killed = new Map<number, number>();
  const expected = new Map<string, number>();

  return {
    push(frame) {
      const { snapshot } = frame.usage;
      const throttled = frame.usage.column('cpu_throttled_percent');
      const events = before ? compare(before, frame, throttled) : [];
      if (before?.workloads !== frame.workloads) rename(before, frame);
      before = { snapshot, workloads: frame.workloads, throttled };
      keep(...events);
      return events;
    },
    tell: (event) => keep(event),
    all: () => ring,
    recentOomKills: (now) => {
      oomKills = oomKills.filter(({ time }) => now - time < RECENT_MS);
      return oomKills;
    },
    expect: (paths, now) => {
      for (const path of paths) expected.set(path, now + OWN_MS);
    },
  };

  /** A container is known by its id until its runtime tells its name: earlier events of it then get that name. */
  function rename(old: Before | undefined, { usage: { snapshot }, workloads }: Frame): void {
    const wasRow = matchRows(snapshot.rows, old?.snapshot.rows ?? []);
    const names = new Map<string, string>();
    for (let row = 0; row < workloads.length; row++) {
      const workload = workloads[row];
      const was = wasRow[row] ?? -1;
      if (workload && workload !== old?.workloads[was]) names.set(addressOf(workload), workload.name);
    }
    ring.forEach((event, index) => {
      const name = names.get(addressOf(event));
      if (name !== undefined && name !== event.name) ring[index] = { ...event, name };
    });
  }

  function keep(...events: readonly LogEvent[]): void {
    ring.push(...events);
    while (ring.length > kept) {
      const oldest = DROPPED_FIRST.map((kinds) => ring.findIndex(({ kind }) => kinds.has(kind)));
      ring.splice(oldest.find((index) => index >= 0) ?? 0, 1);
    }
  }

  function compare(old: Before, frame: Frame, throttled: Float64Array): LogEvent[] {
    const { snapshot } = frame.usage;
    const time = snapshot.wall || Date.now();
    const wasRow = matchRows(snapshot.rows, old.snapshot.rows);
    const gone = goneIn(old, frame);
    const events: LogEvent[] = [];
    const tell: Tell = (kind, { name, path, host }, text) => {
      const event: LogEvent = { time, kind, name, path, ...(host !== undefined && { host }), text };
      events.push(event);
      return event;
    };
    const now = (index: number, row: number): number => valueAt(snapshot, index, row);
    const then = (index: number, row: number): number => valueAt(old.snapshot, index, row);

    const changes = CHANGES.filter((index) => isOtherThan(old.snapshot, snapshot, index));
    dropExpected(time);
    if (changes.length === 0 && isStill(old, frame, throttled)) return events;

    const counted = countedEvents(old, frame);

    const goneAddresses = new Set(gone.map(([workload]) => addressOf(workload)));
    const newAddresses = new Set<string>();
    function tellNew(workload: Workload): void {
      const address = addressOf(workload);
      newAddresses.add(address);
      if (isTold(workload)) tell(goneAddresses.has(address) ? 're-created' : 'new', workload, workload.path);
    }

    /** Ancestors of the cgroups that are gone: the events of those are counted here still, and cannot be told apart. */
    let heldGone: ReadonlySet<string> | undefined;
    function tellCounted(workload: Workload, row: number): void {
      heldGone ??= new Set(gone.flatMap(([workload]) => ancestorsOf(workload.path)));
      const whose = heldGone.has(workload.path) ? ', there or below it in what has ended' : '';
      for (const { counter, own } of counted) {
        const times = own[row] ?? 0;
        if (times <= 0) continue;
        tell(counter.kind, workload, `${counter.one}${times > 1 ? `, ${times} times` : ''}${whose}`);
        if (counter.kind === 'oom') killed.set(workload.inode, time);
      }
    }

    function tellChanged(workload: Workload, row: number, was: number): void {
      const [isFrozen, wasFrozen] = [now(FROZEN, row), then(FROZEN, was)];
      if (differ(isFrozen, wasFrozen)) tell(isFrozen === 1 ? 'frozen' : 'thawed', workload, workload.path);
      for (const { ref, index } of LIMIT_COLUMNS) {
        const [limit, before] = [now(index, row), then(index, was)];
        if (!differ(limit, before)) continue;
        const byUs = (expected.get(workload.path) ?? 0) > time ? 'by us' : 'by another';
        tell('limit', workload, `${ref.replace(/:value$/, '')} ${shown(ref, before)} → ${shown(ref, limit)}, ${byUs}`);
      }
    }

    for (let row = 0; row < wasRow.length; row++) {
      const was = wasRow[row] ?? -1;
      const workload = frame.workloads[row];
      if (!workload) continue;
      if (was < 0) {
        tellNew(workload);
        continue;
      }
      if (counted.some(({ own }) => (own[row] ?? 0) > 0)) tellCounted(workload, row);
      const burst = throttled[row] ?? Number.NaN;
      if (burst >= BURST_PERCENT && !((old.throttled[was] ?? Number.NaN) >= BURST_PERCENT)) {
        tell('throttled', workload, `in ${burst.toFixed(0)} % of its quota periods`);
      }
      if (changes.some((index) => differ(now(index, row), then(index, was)))) tellChanged(workload, row, was);
    }

    if (gone.length > 0) tellGone(gone, { old, frame, time, counted, newAddresses }, tell);
    return events;
  }

  function dropExpected(time: number): void {
    for (const [path, until] of expected) if (until < time) expected.delete(path);
  }

  function tellGone(gone: readonly Gone[], { old, frame, time, counted, newAddresses }: Comparison, tell: Tell): void {
    const kills = counted.find(({ counter, all }) => counter.kind === 'oom' && all.some((rise) => rise > 0));
    for (const [workload, was] of gone) {
      const isOom =
        isRecent(killed.get(workload.inode), time) ||
        (kills !== undefined && diedOfOom(workload, was, { old, frame, ...kills }));
      killed.delete(workload.inode);
      // Where the path is there again, the event `re-created` tells it.
      if (!isTold(workload) || (!isOom && newAddresses.has(addressOf(workload)))) continue;
      const had = [valueAt(old.snapshot, PEAK, was), valueAt(old.snapshot, CURRENT, was)];
      const most = had.find((value) => !Number.isNaN(value)) ?? Number.NaN;
      const text = isOom ? `OOM-killed and gone; it had ${formatValue(most, 'bytes')}` : workload.path;
      const event = tell('gone', workload, text);
      if (isOom) oomKills.push(event);
    }
  }
}

/** Where a cgroup is, of all machines. */
const addressOf = ({ host = '', path }: Pick<Workload, 'host' | 'path'>): string => `${host}${path}`;

/** Whether nothing came, went or was counted. */
const isStill = (old: Before, { usage: { snapshot } }: Frame, throttled: Float64Array): boolean =>
  snapshot.rows === old.snapshot.rows && throttled === old.throttled && !isAnyCounted(old.snapshot, snapshot);

/** Keeps an event of a workload, and gives it back. */
type Tell = (kind: EventKind, workload: Workload, text: string) => LogEvent;

/** Two Frames, and what was counted between them. */
interface Comparison {
  readonly old: Before;
  readonly frame: Frame;
  /** Of `frame`, milliseconds since the epoch. */
  readonly time: number;
  readonly counted: readonly CountedEvents[];
  /** Of the cgroups that are new in `frame`. */
  readonly newAddresses: ReadonlySet<string>;
}

/** A workload that is gone, with its row in the Frame before. */
type Gone = readonly [workload: Workload, was: number];

function goneIn({ snapshot, workloads }: Before, { usage }: Frame): readonly Gone[] {
  if (snapshot.rows === usage.snapshot.rows) return [];
  const stays = matchRows(snapshot.rows, usage.snapshot.rows);
  return workloads.flatMap((workload, was): Gone[] => ((stays[was] ?? -1) < 0 ? [[workload, was]] : []));
}

/** Both known, and not the same. */
const differ = (one: number, other: number): boolean => one !== other && !Number.isNaN(one + other);

const isTold = ({ kind }: Workload): boolean => kind !== 'inner' && kind !== 'monitor';

const isRecent = (seen: number | undefined, now: number): boolean => seen !== undefined && now - seen < OOM_CAUSE_MS;

const shown = (ref: string, value: number): string => formatValue(value, ref.startsWith('memory') ? 'bytes' : 'count');
