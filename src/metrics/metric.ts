/** What a row of the metric catalogue is, and rows that are alike. */

import { USEC_PER_SECOND } from '../kernel/time-units.ts';
import { column, isCounter } from './files.ts';
import type { LimitKind, Reading } from './reading.ts';

export type Unit = 'percent' | 'bytes' | 'bytes_per_second' | 'ops_per_second' | 'count' | 'cpus' | 'flag';

export interface Metric {
  /** snake_case with the unit at the end: the JSON field, CSV column and sort key. */
  readonly id: string;
  /** Column title. */
  readonly label: string;
  readonly unit: Unit;
  /** One sentence for help and documentation. */
  readonly help: string;
  /** What it comes from, as `file` or `file:key`. Where it is unavailable, the first one says why. */
  readonly sources: readonly string[];
  /** For the explain key, in the kernel's names; Δ is the change and Δt the time between two reads of that file. */
  readonly formula: string;
  /** The counter that it is, or of which it is the rate, as `file:key`. Prometheus takes the counter itself. */
  readonly counter?: string;
  /** Its name in OpenTelemetry's conventions for containers, where the meaning is the same. */
  readonly otel?: OtelName;
  /** Column width in cells, title included. */
  readonly width: number;
  /** Names that users of other tools look for. */
  readonly aliases?: readonly string[];
  readonly derive: (reading: Reading) => number;
  /** The column of a Snapshot that holds these very figures. */
  readonly column?: number;
  /** The largest rate that can be. A larger one counts as this: a counter and its time are not read at the same instant. */
  readonly most?: number;
  /** It is a limit, or what limits leave: it may be Infinity, no limit. */
  readonly isLimit?: true;
  /** The limit that it tells of: what it is, or the room that it leaves. */
  readonly limit?: { readonly kind: LimitKind; readonly tells: 'value' | 'room' };
  /** Whether the figures of several cgroups add up; where it is not given, its unit says so (./totals.ts). */
  readonly hasSum?: boolean;
}

export interface OtelName {
  readonly name: string;
  /** UCUM. */
  readonly unit: string;
  /** A counter is sent as such; the others are the figure as it is shown. */
  readonly instrument: 'counter' | 'gauge' | 'updowncounter';
  readonly attribute?: readonly [name: string, value: string];
}

export const PERCENT = 100;
/** The largest figures that a kernel can tell: its counters have 64 bits, and a limit of one page makes a large percentage. */
const MOST: Readonly<Record<Unit, number>> = {
  percent: 1e12,
  bytes: 2 ** 64,
  bytes_per_second: 2 ** 64,
  ops_per_second: 2 ** 64,
  count: 2 ** 64,
  cpus: 1e6,
  flag: 1,
};

/** Whether a machine can have told that figure of it. NaN, which is unavailable, is none. */
export const isPossible = ({ unit, isLimit }: Pick<Metric, 'unit' | 'isLimit'>, figure: number): boolean =>
  (figure >= 0 && figure <= MOST[unit]) || (isLimit === true && figure === Number.POSITIVE_INFINITY);

type Shape = Pick<Metric, 'id' | 'label' | 'help'> & Partial<Pick<Metric, 'width' | 'aliases' | 'otel' | 'hasSum'>>;

/** A figure as the file has it. */
export function gauge(source: string, unit: Unit, shape: Shape): Metric {
  const index = column(source);
  return {
    width: 8,
    ...shape,
    unit,
    sources: [source],
    formula: source.endsWith(':value') ? source.slice(0, -':value'.length) : source,
    ...(isCounter(source) ? { counter: source } : {}),
    column: index,
    derive: (reading) => reading.now(index),
  };
}

/** Change of a counter per second, times `scale`. */
export function rate(source: string, unit: Unit, scale: number, shape: Shape): Metric {
  const index = column(source);
  return {
    width: 8,
    ...shape,
    unit,
    sources: [source],
    formula: `Δ ${source} / Δt${scale === 1 ? '' : ' as a percentage'}`,
    counter: source,
    derive: (reading) => (reading.change(index) / reading.seconds(index)) * scale,
  };
}

/** What counts against each limit, and the limit. */
const LIMIT_SOURCES: Readonly<Record<LimitKind, readonly [use: string, limit: string]>> = {
  cpu: ['cpu.stat:usage_usec', 'cpu.max:quota'],
  memory: ['memory.current:value', 'memory.max:value'],
  swap: ['memory.swap.current:value', 'memory.swap.max:value'],
  pids: ['pids.current:value', 'pids.max:value'],
};

/** The effective limit. `what` it is, for the help; `figure`: what is compared, in the kernel's names. */
export const effectiveLimit = (
  kind: LimitKind,
  unit: Unit,
  { what, figure, ...shape }: Omit<Shape, 'help'> & { readonly what: string; readonly figure: string },
): Metric => ({
  width: 8,
  ...shape,
  unit,
  help: `Effective ${what}: the smallest ${figure} over the cgroup, its ancestors and the one below that has all its processes.`,
  sources: [LIMIT_SOURCES[kind][1]],
  formula: `min over ancestors of ${figure}`,
  isLimit: true,
  limit: { kind, tells: 'value' },
  derive: (reading) => reading.limit(kind),
});

/** What a limit leaves. */
export const headroom = (kind: LimitKind, unit: Unit, formula: string, shape: Shape): Metric => ({
  width: 9,
  ...shape,
  unit,
  sources: LIMIT_SOURCES[kind],
  formula: `min of ${formula} over the cgroups whose limit binds it`,
  isLimit: true,
  limit: { kind, tells: 'room' },
  derive: (reading) => reading.headroom(kind),
});

/** How full the limit is that leaves the least. */
export const fullness = (kind: LimitKind, formula: string, shape: Omit<Shape, 'help'>): Metric => ({
  width: 8,
  ...shape,
  unit: 'percent',
  help: `How much is used of the ${kind === 'cpu' ? 'CPU' : kind} limit that leaves the least, its own or one around it.`,
  sources: LIMIT_SOURCES[kind],
  formula: `${formula}, where the headroom is least`,
  limit: { kind, tells: 'room' },
  derive: (reading) => reading.fullness(kind) * PERCENT,
});

/** Share of wall time, from a counter of microseconds: 100 % is one CPU (or all of the interval). */
export const share = (source: string, shape: Shape): Metric =>
  rate(source, 'percent', PERCENT / USEC_PER_SECOND, shape);
