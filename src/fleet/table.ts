/**
 * What a store has of every workload of every machine, as of the last scrape of each machine; a rate is over the time since
 * the scrape before it. What the last scrape did not have is gone. Plain data, so that it can be made in another thread.
 */
import { CAUSES } from '../diagnosis/model.ts';
import { newestFigure } from './figures.ts';
import { INFO_SERIES, LOSS_SERIES, type RowLabels, STORED, VERDICT_SERIES } from './queries.ts';
import type { TimeSeries } from './store.ts';

export interface FleetMachine {
  /** Its address as the store scrapes it, as short as tells all of them apart. */
  readonly name: string;
  /** Of its last scrape: milliseconds since the epoch. */
  readonly time: number;
  /** Between its last two scrapes; NaN where there is one. */
  readonly seconds: number;
}

export interface FleetRow extends RowLabels {
  /** Index of its machine. */
  readonly machine: number;
  readonly labels: TimeSeries['labels'];
}

export interface FleetTable {
  /** By name. */
  readonly machines: readonly FleetMachine[];
  readonly rows: readonly FleetRow[];
  /** Rows beyond the most that are taken. */
  readonly leftOut: number;
  /** Metrics that any row has, for every row. */
  readonly figures: ReadonlyMap<string, Float64Array>;
  /** Indices into CAUSES. */
  readonly causes: Uint8Array;
  /** Milliseconds a second. */
  readonly losses: Float64Array;
  /** How many series were read for it. */
  readonly series: number;
}

/** A cgroup with the series of its last scrape, by name. */
interface Found extends Omit<FleetRow, 'machine'> {
  readonly target: string;
  readonly series: Map<string, TimeSeries>;
}

const MS_PER_SECOND = 1000;

/** So many have no room in an answer of the size that is read, with all that tscg export tells of each: more is made up. */
const MOST_ROWS = 100_000;

export function tableOf(all: readonly TimeSeries[], mostRows = MOST_ROWS): FleetTable {
  const { found, leftOut } = rowsOf(all, mostRows);
  const machines = machinesOf(found);
  const places = new Map([...machines.keys()].map((target, place) => [target, place]));
  return {
    machines: [...machines.values()],
    rows: found.map(({ target, instance, job, id, series, labels }) => ({
      ...{ instance, job, id },
      machine: places.get(target) ?? -1,
      labels: series.get(INFO_SERIES)?.labels ?? labels,
    })),
    leftOut,
    figures: figuresOf(found),
    causes: Uint8Array.from(found, ({ series }) => causeOf(series.get(VERDICT_SERIES))),
    losses: Float64Array.from(
      found,
      ({ series }) => (series.get(LOSS_SERIES)?.samples.at(-1)?.[1] ?? Number.NaN) * MS_PER_SECOND,
    ),
    series: all.length,
  };
}

const targetOf = ({ instance = '', job = '' }: TimeSeries['labels']): string => `${instance}\n${job}`;

/** Whether only tscg export has that name: it exports some figures by the names that cAdvisor and the kubelet give them. */
const isOurs = (name = ''): boolean => name.startsWith('tscg_');

const newest = ({ samples }: TimeSeries): number => samples.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;

function rowsOf(all: readonly TimeSeries[], most: number): { found: Found[]; leftOut: number } {
  /** The last scrape of each target that is tscg export. */
  const scrapes = new Map<string, number>();
  for (const one of all) {
    if (!isOurs(one.labels.__name__)) continue;
    const target = targetOf(one.labels);
    scrapes.set(target, Math.max(scrapes.get(target) ?? Number.NEGATIVE_INFINITY, newest(one)));
  }
  const rows = new Map<string, Found>();
  const leftOut = new Set<string>();
  for (const one of all) {
    const { labels } = one;
    const target = targetOf(labels);
    const { id, instance = '', job = '', __name__: name } = labels;
    if (id === undefined || name === undefined || newest(one) !== scrapes.get(target)) continue;
    const key = `${target}\n${id}`;
    if (rows.size >= most && !rows.has(key)) {
      leftOut.add(key);
      continue;
    }
    const row = rows.get(key) ?? { target, instance, job, id, labels, series: new Map() };
    rows.set(key, row);
    row.series.set(name, one);
  }
  return { found: [...rows.values()], leftOut: leftOut.size };
}

/** By target, in the order of their names. */
function machinesOf(found: readonly Found[]): ReadonlyMap<string, FleetMachine> {
  const firsts = new Map<string, TimeSeries['samples']>();
  for (const { target, series } of found) {
    // One that has been there for two scrapes tells how far they are apart.
    const samples = [...series.values()].map((one) => one.samples).sort((a, b) => b.length - a.length)[0] ?? [];
    if (samples.length > (firsts.get(target)?.length ?? 0)) firsts.set(target, samples);
  }
  const names = machineNames([...firsts.keys()]);
  return new Map(
    [...firsts]
      .map(([target, samples]): [string, FleetMachine] => {
        const [time = Number.NaN, before = Number.NaN] = [samples.at(-1)?.[0], samples.at(-2)?.[0]];
        return [target, { name: names.get(target) ?? target, time: time * MS_PER_SECOND, seconds: time - before }];
      })
      .sort(([, a], [, b]) => (a.name < b.name ? -1 : 1)),
  );
}

/** Without the port, and without the job, where that tells all of them apart. */
function machineNames(targets: readonly string[]): ReadonlyMap<string, string> {
  const instance = (target: string): string => target.split('\n')[0] ?? '';
  const shorter = (target: string): string => instance(target).replace(/:\d+$/, '');
  const whole = (target: string): string => target.replace('\n', ' ');
  const nameOf = [shorter, instance].find((name) => new Set(targets.map(name)).size === targets.length) ?? whole;
  return new Map(targets.map((target) => [target, nameOf(target)]));
}

function figuresOf(found: readonly Found[]): ReadonlyMap<string, Float64Array> {
  const names = new Set(found.flatMap(({ series }) => [...series.keys()]));
  return new Map(
    STORED.filter(({ name }) => names.has(name)).map((metric) => [
      metric.id,
      Float64Array.from(found, ({ series }) => newestFigure(series.get(metric.name)?.samples ?? [], metric)),
    ]),
  );
}

const UNKNOWN = CAUSES.findIndex(({ code }) => code === 'unknown');

function causeOf(series: TimeSeries | undefined): number {
  const cause = CAUSES.findIndex(({ code }) => code === series?.labels.verdict);
  return cause < 0 ? UNKNOWN : cause;
}
