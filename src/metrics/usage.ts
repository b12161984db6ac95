/**
 * Usage: what two Snapshots say about the interval between them. A metric is computed for all rows when it is first asked
 * for, so that a screen costs the columns it shows; and anew only for rows of which something was read.
 */

import { metric } from './catalogue.ts';
import {
  type EffectiveLimit,
  effectiveLimits,
  type Headroom,
  hasSameLimits,
  headrooms,
  type LimitOfFiles,
} from './effective.ts';
import { CGROUP_FILES, column, FILE_OF_COLUMN } from './files.ts';
import { madeFrom } from './made-from.ts';
import { isPossible } from './metric.ts';
import { movedRows, unknownRows } from './moved-rows.ts';
import { LIMIT_KINDS, type LimitKind, type Reading } from './reading.ts';
import { isSameFigure } from './same-figure.ts';
import { matchRows, type Snapshot, timeAt, valueAt } from './snapshot.ts';

export interface Usage {
  readonly snapshot: Snapshot;
  /** The Snapshot at the beginning of the interval; undefined for the first one. */
  readonly before: Snapshot | undefined;
  /** Length of the interval; NaN for the first Snapshot. */
  readonly seconds: number;
  /** A metric for every row, in the order of `snapshot.rows`. */
  column(id: string): Float64Array;
  value(id: string, row: number): number;
  limit(kind: LimitKind): EffectiveLimit;
  headroom(kind: LimitKind): Headroom;
}

/** What counts against each limit, and how much of the metric is one of the limit's unit. */
const USED: Record<LimitKind, { readonly id: string; readonly scale: number }> = {
  cpu: { id: 'cpu_percent', scale: 100 },
  memory: { id: 'memory_bytes', scale: 1 },
  swap: { id: 'memory_swap_bytes', scale: 1 },
  pids: { id: 'pids', scale: 1 },
};

/** Where this counter fell it is that of another cgroup, and the row has no rates for this interval. */
const CPU_USAGE = column('cpu.stat:usage_usec');

/** The kernel scales user and system time to fit their total: each may step back in a living cgroup. */
const SPLIT: ReadonlySet<number> = new Set(['cpu.stat:user_usec', 'cpu.stat:system_usec'].map(column));

/** The kernel counts these only in the cgroup whose quota it is. */
const OF_QUOTA: ReadonlySet<number> = new Set(
  ['cpu.stat:nr_periods', 'cpu.stat:nr_throttled', 'cpu.stat:throttled_usec'].map(column),
);

interface Computed {
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly limits: ReadonlyMap<LimitKind, LimitOfFiles>;
}

/** What each Usage has computed. The next one keeps this, not the Usage, which would keep the one before it, and so on. */
const COMPUTED = new WeakMap<Usage, Computed>();

/**
 * `before` is undefined for the first Snapshot: every rate is then unavailable. `earlier`: the Usage that ends with `before`,
 * which only spares work: the figures are the same without it.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function usageOf(before: Snapshot | undefined, snapshot: Snapshot, earlier?: Usage): Usage {
  const known = earlier?.snapshot === before ? earlier && COMPUTED.get(earlier) : undefined;
  const sameLimits = before && hasSameLimits(snapshot, before) ? known?.limits : undefined;
  const count = snapshot.rows.length;
  const previousRows = matchRows(snapshot.rows, before?.rows ?? []);
  let rowsRead: readonly number[] | undefined;
  let limitedRows: readonly number[] | undefined;
  const columns = new Map<string, Float64Array>();
  const limits = new Map<LimitKind, LimitOfFiles>();
  const rooms = new Map<LimitKind, Headroom>();

  const nowAt = (index: number, row: number): number => valueAt(snapshot, index, row);
  const beforeAt = (index: number, row: number): number => {
    const previous = previousRows[row] ?? -1;
    return before && previous >= 0 ? valueAt(before, index, previous) : Number.NaN;
  };
  /** Rows that are another cgroup than before. */
  const reset = new Set<number>();
  for (let row = 0; row < count; row++)
    if (snapshot.read?.[row] !== 0 && nowAt(CPU_USAGE, row) < beforeAt(CPU_USAGE, row)) reset.add(row);

  let row = 0;
  /** The row whose file tells: where the quota is set on the cgroup below that has all the processes, that one. */
  const rowFor = (index: number): number => (OF_QUOTA.has(index) ? Math.max(row, limit('cpu').rows[row] ?? -1) : row);
  const reading: Reading = {
    now: (index) => nowAt(index, rowFor(index)),
    change: (index) => {
      const at = rowFor(index);
      const change = reset.has(at) ? Number.NaN : nowAt(index, at) - beforeAt(index, at);
      if (change < 0) return SPLIT.has(index) ? 0 : Number.NaN;
      return change;
    },
    seconds: (index) => {
      const file = FILE_OF_COLUMN[index] ?? 0;
      const at = rowFor(index);
      const previous = previousRows[at] ?? -1;
      if (!before || previous < 0) return Number.NaN;
      const elapsed = timeAt(snapshot, file, at) - timeAt(before, file, previous);
      // Pressure that was not read is taken to stand still.
      if (elapsed === 0 && CGROUP_FILES[file]?.vouching?.by === 'stillness') return usage.seconds;
      return elapsed > 0 ? elapsed / 1000 : Number.NaN;
    },
    metric: (id) => computeColumn(id)[row] ?? Number.NaN,
    limit: (kind) => limit(kind).values[row] ?? Number.NaN,
    headroom: (kind) => headroom(kind).values[row] ?? Number.NaN,
    fullness: (kind) => headroom(kind).shares[row] ?? Number.NaN,
  };

  const limit = (kind: LimitKind): LimitOfFiles => {
    const found = limits.get(kind) ?? sameLimits?.get(kind) ?? effectiveLimits(snapshot, kind);
    limits.set(kind, found);
    return found;
  };

  const headroom = (kind: LimitKind): Headroom => {
    const { id, scale } = USED[kind];
    const found =
      rooms.get(kind) ?? headrooms(snapshot, limit(kind), () => computeColumn(id).map((used) => used / scale));
    rooms.set(kind, found);
    return found;
  };

  function computeColumn(id: string): Float64Array {
    const done = columns.get(id);
    if (done) return done;
    const shape = metric(id);
    const { derive, column: own } = shape;
    const figures = own === undefined || OF_QUOTA.has(own) ? undefined : snapshot.values[own];
    if (figures) {
      columns.set(id, figures);
      return figures;
    }
    const outer = row;
    const old = known?.columns.get(id);
    const shared = old && inRows(old);
    let values = shared ?? new Float64Array(count);
    const again = !old ? everyRow() : goesByLimits(id) ? limited() : readRows();
    for (const at of again) {
      row = at;
      const derived = derive(reading);
      // The counters and times of a forged recording can give any figure.
      const figure = shape.isLimit || isPossible(shape, derived) ? derived : Number.NaN;
      if (isSameFigure(values[at] ?? Number.NaN, figure)) continue;
      if (values === shared) values = shared.slice();
      values[at] = figure;
    }
    row = outer;
    columns.set(id, values);
    return values;
  }

  /** The figures of the interval before, in the rows of this one; the same array where the rows are the same. */
  const inRows = (old: Float64Array): Float64Array =>
    snapshot.rows === before?.rows ? old : movedRows(old, previousRows, unknownRows(count));

  const everyRow = (): readonly number[] => rowsWhere(count, () => true);

  const wasRead = (at: number): boolean => snapshot.read?.[at] !== 0 || before?.read?.[previousRows[at] ?? -1] !== 0;

  /** Rows of which something was read at the end of this interval or of the one before. All others have the figures of before. */
  function readRows(): readonly number[] {
    rowsRead ??= rowsWhere(count, wasRead);
    return rowsRead;
  }

  /** `readRows`, and the rows that a limit binds, whose figures depend on what others use. All rows where limits changed. */
  function limited(): readonly number[] {
    if (!sameLimits) return everyRow();
    const bound = boundRows(LIMIT_KINDS.map((kind) => limit(kind).rows));
    limitedRows ??= bound ? rowsWhere(count, (at) => bound[at] === 1 || wasRead(at)) : readRows();
    return limitedRows;
  }

  const usage: Usage = {
    snapshot,
    before,
    seconds: before ? (snapshot.monotonic - before.monotonic) / 1000 : Number.NaN,
    column: computeColumn,
    value: (id, at) => computeColumn(id)[at] ?? Number.NaN,
    limit,
    headroom,
  };
  COMPUTED.set(usage, { columns, limits });
  return usage;
}

const lastBound = madeFrom<Uint8Array | undefined>();

/** By row, 1 where one of these limits binds it; undefined where none binds any. */
const boundRows = (limits: readonly Int32Array[]): Uint8Array | undefined =>
  lastBound(limits, () => {
    const bound = Uint8Array.from(limits[0] ?? [], (_, at) => Number(limits.some((rows) => rows[at] !== -1)));
    return bound.includes(1) ? bound : undefined;
  });

function rowsWhere(count: number, isWanted: (row: number) => boolean): readonly number[] {
  const found: number[] = [];
  for (let row = 0; row < count; row++) if (isWanted(row)) found.push(row);
  return found;
}

const BY_LIMITS = new Map<string, boolean>();

/** Whether a metric depends on limits, which may be those of other rows. */
function goesByLimits(id: string): boolean {
  const known = BY_LIMITS.get(id);
  if (known !== undefined) return known;
  let asks = false;
  const limit = (): number => {
    asks = true;
    return Number.NaN;
  };
  const figure = (index: number): number => (OF_QUOTA.has(index) ? limit() : 1);
  const reading = { now: figure, change: figure, seconds: () => 1, metric: limit };
  metric(id).derive({ ...reading, limit, headroom: limit, fullness: limit });
  BY_LIMITS.set(id, asks);
  return asks;
}
