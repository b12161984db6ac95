/**
 * A Frame of many machines, from the series that `tscg export` served and a store kept. Of each machine the last scrape is
 * shown; a rate is over the time since the scrape before it. What the last scrape did not have is gone.
 */
import { knownVerdicts } from '../diagnosis/fields.ts';
import { CAUSES } from '../diagnosis/model.ts';
import { familyOf, isExported } from '../export/families.ts';
import { isWorkloadKind, type Workload } from '../inventory/workload.ts';
import { METRICS, type Metric } from '../metrics/catalogue.ts';
import type { EffectiveLimit } from '../metrics/effective.ts';
import type { LimitKind } from '../metrics/reading.ts';
import { emptyColumns, type Snapshot } from '../metrics/snapshot.ts';
import type { Frame } from '../metrics/source.ts';
import type { Usage } from '../metrics/usage.ts';
import type { TimeSeries } from './store.ts';

const INFO = 'tscg_workload_info';
const VERDICT = 'tscg_verdict';
const LOSS = 'tscg_verdict_loss_ratio';

interface Column {
  readonly id: string;
  readonly sample: string;
  readonly isCounter: boolean;
  /** From the unit of the family to that of the metric. */
  readonly scale: number;
}

const PERCENT = 100;

function columnFor(metric: Metric): Column {
  const { name, type } = familyOf(metric);
  const isCounter = type === 'counter' && metric.unit !== 'count';
  const scale = metric.unit === 'percent' ? PERCENT : 1;
  return { id: metric.id, sample: type === 'counter' ? `${name}_total` : name, isCounter, scale };
}

const COLUMNS: readonly Column[] = METRICS.filter(isExported).map(columnFor);

/** What to ask of a store for those metrics; all of them where none are named. `seconds`: two scrapes fit in it. */
export function expressionFor(ids: readonly string[] | undefined, seconds: number): string {
  const names = COLUMNS.filter(({ id }) => ids === undefined || ids.includes(id)).map(({ sample }) => sample);
  return `{__name__=~"${[INFO, VERDICT, LOSS, ...new Set(names)].join('|')}"}[${seconds}s]`;
}

/** A cgroup of a machine, with the series of its last scrape by name. */
interface Row {
  readonly key: string;
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly series: Map<string, TimeSeries>;
}

/** A number that stays the same for a key as long as it is asked for. */
export type IdentityOf = (key: string) => number;

export function frameOfSeries(series: readonly TimeSeries[], identityOf: IdentityOf, milliseconds: number): Frame {
  const rows = rowsOf(series);
  const hosts = hostNames(rows.map(({ target }) => target));
  const workloads = rows.map((row) => workloadOf(row, hosts.get(row.target) ?? row.target, identityOf));
  const usage = usageOfRows(rows, workloads);
  return {
    usage,
    host: {
      cpuPercent: Number.NaN,
      pressurePercent: { cpu: UNKNOWN_SHARES, memory: UNKNOWN_SHARES, io: UNKNOWN_SHARES },
      ownCpuPercent: Number.NaN,
    },
    workloads,
    cost: { milliseconds, reads: series.length, descriptors: 0, missed: 0 },
  };
}

const UNKNOWN_SHARES = { some: Number.NaN, full: Number.NaN };

const targetOf = ({ instance = '', job = '' }: TimeSeries['labels']): string => `${instance}\n${job}`;

const newest = ({ samples }: TimeSeries): number => samples.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;

function rowsOf(series: readonly TimeSeries[]): readonly Row[] {
  const scrapes = new Map<string, number>();
  for (const one of series) {
    const target = targetOf(one.labels);
    scrapes.set(target, Math.max(scrapes.get(target) ?? Number.NEGATIVE_INFINITY, newest(one)));
  }
  const rows = new Map<string, Row>();
  for (const one of series) {
    const { labels } = one;
    const target = targetOf(labels);
    const { id, __name__: name } = labels;
    if (id === undefined || name === undefined || newest(one) !== scrapes.get(target)) continue;
    const key = `${target}\n${id}`;
    const row = rows.get(key) ?? { key, target, labels, series: new Map() };
    rows.set(key, row);
    row.series.set(name, one);
  }
  return [...rows.values()];
}

/** Without the port, and without the job, where that tells all of them apart. */
function hostNames(targets: readonly string[]): ReadonlyMap<string, string> {
  const all = [...new Set(targets)];
  const instance = (target: string): string => target.split('\n')[0] ?? '';
  const shorter = (target: string): string => instance(target).replace(/:\d+$/, '');
  for (const nameOf of [shorter, instance])
    if (new Set(all.map(nameOf)).size === all.length) return new Map(all.map((target) => [target, nameOf(target)]));
  return new Map(all.map((target) => [target, target.replace('\n', ' ')]));
}

function workloadOf({ key, labels, series }: Row, host: string, identityOf: IdentityOf): Workload {
  const info = series.get(INFO)?.labels ?? labels;
  // Where labels of the target have the same name, Prometheus calls those of the series so.
  const label = (name: string): string | undefined => info[`exported_${name}`] ?? info[name];
  const kind = label('kind');
  const optional = {
    namespace: label('namespace'),
    pod: label('pod'),
    image: label('image'),
    id: label('container_id'),
  };
  return {
    path: labels.id ?? '/',
    inode: identityOf(key),
    name: label('name') ?? labels.id ?? '',
    kind: isWorkloadKind(kind) ? kind : 'cgroup',
    host,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** The kinds of limit, by the metrics that tell of them. */
const LIMIT_IDS: Record<LimitKind, { readonly limit: string; readonly headroom: string }> = {
  cpu: { limit: 'cpu_limit_cpus', headroom: 'cpu_headroom_cpus' },
  memory: { limit: 'memory_limit_bytes', headroom: 'memory_headroom_bytes' },
  swap: { limit: 'memory_swap_limit_bytes', headroom: 'memory_swap_headroom_bytes' },
  pids: { limit: 'pids_limit', headroom: 'pids_headroom' },
};

function usageOfRows(rows: readonly Row[], workloads: readonly Workload[]): Usage {
  const columns = new Map<string, Float64Array>();
  const column = (id: string): Float64Array => {
    const known = columns.get(id);
    if (known) return known;
    const found = COLUMNS.find((one) => one.id === id);
    const values = Float64Array.from(rows, ({ series }) =>
      found ? figureOf(series.get(found.sample), found) : Number.NaN,
    );
    columns.set(id, values);
    return values;
  };
  /** Which row sets it is not told. */
  const binding = (id: string): EffectiveLimit => ({ values: column(id), rows: new Int32Array(rows.length).fill(-1) });
  const usage: Usage = {
    snapshot: snapshotOfRows(rows, workloads),
    before: undefined,
    seconds: Number.NaN,
    column,
    value: (id, row) => column(id)[row] ?? Number.NaN,
    limit: (kind) => binding(LIMIT_IDS[kind].limit),
    headroom: (kind) => ({
      ...binding(LIMIT_IDS[kind].headroom),
      shares: new Float64Array(rows.length).fill(Number.NaN),
    }),
  };
  knownVerdicts(usage, {
    causes: Uint8Array.from(rows, ({ series }) => causeOf(series.get(VERDICT))),
    losses: Float64Array.from(
      rows,
      ({ series }) => (series.get(LOSS)?.samples.at(-1)?.[1] ?? Number.NaN) * MS_PER_SECOND,
    ),
  });
  return usage;
}

const MS_PER_SECOND = 1000;
const UNKNOWN = CAUSES.findIndex(({ code }) => code === 'unknown');

function causeOf(series: TimeSeries | undefined): number {
  const found = CAUSES.findIndex(({ code }) => code === series?.labels.verdict);
  return found < 0 ? UNKNOWN : found;
}

/** A counter that fell began anew: no rate is told of it. */
function figureOf(series: TimeSeries | undefined, { isCounter, scale }: Column): number {
  const [last, before] = [series?.samples.at(-1), series?.samples.at(-2)];
  if (!last) return Number.NaN;
  if (!isCounter) return last[1] * scale;
  const [change, seconds] = [last[1] - (before?.[1] ?? Number.NaN), last[0] - (before?.[0] ?? Number.NaN)];
  return change >= 0 && seconds > 0 ? (change / seconds) * scale : Number.NaN;
}

/** Raw counters are the machine's own: here there are none. */
function snapshotOfRows(rows: readonly Row[], workloads: readonly Workload[]): Snapshot {
  const times = rows.flatMap(({ series }) => [...series.values()].slice(0, 1).map(newest));
  return {
    wall: times.reduce((latest, time) => Math.max(latest, time * MS_PER_SECOND), 0),
    monotonic: performance.now(),
    host: {
      cpus: Number.NaN,
      cpuSet: '',
      cpuBusyTicks: Number.NaN,
      cpuTotalTicks: Number.NaN,
      memoryTotal: Number.NaN,
      memoryAvailable: Number.NaN,
      swapTotal: Number.NaN,
      swapFree: Number.NaN,
      oomKills: Number.NaN,
      load: [Number.NaN, Number.NaN, Number.NaN],
      pressure: { cpu: {}, memory: {}, io: {} },
      time: Number.NaN,
      own: { cpuUsec: Number.NaN, rss: Number.NaN },
    },
    rows: workloads,
    parents: new Int32Array(rows.length).fill(-1),
    ...emptyColumns(rows.length),
  };
}
