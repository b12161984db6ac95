/**
 * What a store has of every workload of every machine, as of the last scrape of each machine; a rate is over the time since
 * the scrape before it. What the last scrape did not have is gone. Plain data, so that it can be made in another thread.
 */

import { CAUSES } from '../diagnosis/model.ts';
import { INFO_SERIES, LOSS_SERIES, VERDICT_SERIES } from '../export/families.ts';
import { MS_PER_SECOND } from '../kernel/time-units.ts';
import { isPossible } from '../metrics/metric.ts';
import { isNewestImpossible, newestFigure } from './figures.ts';
import { type RowLabels, STORED, type TargetLabels } from './queries.ts';
import type { TimeSeries } from './store.ts';
import { machineNames, targetKey, targetOf } from './targets.ts';

export interface FleetMachine {
  /** As `machineNames` makes it of the labels of its target. */
  readonly name: string;
  /** Of its last scrape: milliseconds since the epoch. */
  readonly time: number;
  /** Between its last two scrapes; NaN where there was only one. */
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
  /** Of each metric that any row has, the figures of all rows. */
  readonly figures: ReadonlyMap<string, Float64Array>;
  /** Of each metric of which any row has a figure that cannot be: by row, 1 where that is so. */
  readonly impossible: ReadonlyMap<string, Uint8Array>;
  /** Indices into CAUSES. */
  readonly causes: Uint8Array;
  /** Milliseconds a second. */
  readonly losses: Float64Array;
  /** How many series were read for it. */
  readonly series: number;
  /** Why the store may lack machines and rows: a part of it did not answer. */
  readonly partial?: string | undefined;
  /** Milliseconds by which the clock of the store is ahead of ours. */
  readonly ahead?: number;
}

/** A cgroup with the series of its last scrape, by name. */
interface Found extends Omit<FleetRow, 'machine'> {
  /** The key of its target. */
  readonly key: string;
  readonly series: Map<string, TimeSeries>;
}

/**
 * With all that tscg export tells of a cgroup, so many do not fit in the largest answer that is read: a store that has more
 * makes them up.
 */
const MOST_ROWS = 100_000;

/** `apart`: the labels beside instance and job that tell machines apart. */
export function tableOf(all: readonly TimeSeries[], apart: readonly string[], mostRows = MOST_ROWS): FleetTable {
  const { found, leftOut } = rowsOf(all, apart, mostRows);
  const figures = figuresOf(found);
  const machines = machinesOf(found);
  const places = new Map([...machines.keys()].map((key, place) => [key, place]));
  return {
    machines: [...machines.values()],
    rows: found.map(({ key, target, id, series, labels }) => ({
      ...{ target, id },
      machine: places.get(key) ?? -1,
      labels: series.get(INFO_SERIES)?.labels ?? labels,
    })),
    leftOut,
    figures,
    impossible: impossibleIn(found, figures),
    causes: Uint8Array.from(found, ({ series }) => causeOf(series.get(VERDICT_SERIES))),
    losses: Float64Array.from(found, ({ series }) => lossOf(series.get(LOSS_SERIES))),
    series: all.length,
  };
}

/**
 * Whether tscg export alone serves that name. Some of its figures have the names by which cAdvisor and the kubelet serve
 * theirs.
 */
const isOurs = (name = ''): boolean => name.startsWith('tscg_');

const newest = ({ samples }: Pick<TimeSeries, 'samples'>): number => samples.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;

/** A target that is tscg export. */
interface Target {
  readonly labels: TargetLabels;
  /** Of the last scrapes that had any of its series, in seconds since the epoch: another exporter is scraped at other times. */
  readonly ends: Set<number>;
  /** The latest of them. */
  last: number;
  /** Of its series that has most of them. */
  samples: TimeSeries['samples'];
}

/**
 * A share of the time between two scrapes. Where two Prometheus scrape a machine, each by its own clock, its series may end at
 * either's last scrape, as Thanos makes one series of both; a series that ends earlier than that was not in a scrape of either.
 */
const LATE = 0.95;

/** Whether the last scrape of the target had the series. */
function isThere(series: TimeSeries, { ends, last, samples }: Target): boolean {
  const end = newest(series);
  // NaN after a single scrape, before which nothing can have gone.
  const pace = newest({ samples }) - (samples.at(-2)?.[0] ?? Number.NaN);
  return ends.has(end) && !(last - end >= LATE * pace);
}

function targetsOf(all: readonly TimeSeries[], apart: readonly string[]): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>();
  for (const one of all) {
    if (!isOurs(one.labels.__name__)) continue;
    const key = targetKey(one.labels, apart);
    const end = newest(one);
    const target = targets.get(key) ?? { labels: targetOf(one.labels, apart), ends: new Set(), last: end, samples: [] };
    targets.set(key, target);
    target.ends.add(end);
    target.last = Math.max(target.last, end);
    if (one.samples.length > target.samples.length) target.samples = one.samples;
  }
  return targets;
}

function rowsOf(
  all: readonly TimeSeries[],
  apart: readonly string[],
  most: number,
): { found: Found[]; leftOut: number } {
  const targets = targetsOf(all, apart);
  const rows = new Map<string, Found>();
  const leftOut = new Set<string>();
  for (const one of all) {
    const { labels } = one;
    const key = targetKey(labels, apart);
    const target = targets.get(key);
    const { id, __name__: name } = labels;
    if (!target || id === undefined || name === undefined || !isThere(one, target)) continue;
    const place = `${key}\n${id}`;
    if (rows.size >= most && !rows.has(place)) {
      leftOut.add(place);
      continue;
    }
    const row = rows.get(place) ?? { key, target: target.labels, id, labels, series: new Map() };
    rows.set(place, row);
    const other = row.series.get(name);
    if (!other || newest(one) >= newest(other)) row.series.set(name, one);
  }
  return { found: [...rows.values()], leftOut: leftOut.size };
}

/** By the key of the target, in the order of their names. */
function machinesOf(found: readonly Found[]): ReadonlyMap<string, FleetMachine> {
  const longest = new Map<string, TimeSeries['samples']>();
  const targets = new Map<string, TargetLabels>();
  for (const { key, target, series } of found) {
    targets.set(key, target);
    // A series of two scrapes tells how far they are apart; one that is new has one.
    const samples = [...series.values()].map((one) => one.samples).sort((a, b) => b.length - a.length)[0] ?? [];
    if (samples.length > (longest.get(key)?.length ?? 0)) longest.set(key, samples);
  }
  const names = machineNames(targets);
  return new Map(
    [...longest]
      .map(([key, samples]): [string, FleetMachine] => {
        const [time = Number.NaN, before = Number.NaN] = [samples.at(-1)?.[0], samples.at(-2)?.[0]];
        return [key, { name: names.get(key) ?? key, time: time * MS_PER_SECOND, seconds: time - before }];
      })
      .sort(([, a], [, b]) => (a.name < b.name ? -1 : 1)),
  );
}

function figuresOf(found: readonly Found[]): FleetTable['figures'] {
  const names = new Set(found.flatMap(({ series }) => [...series.keys()]));
  return new Map(
    STORED.filter(({ name }) => names.has(name)).map((metric) => [
      metric.id,
      Float64Array.from(found, ({ series }) => newestFigure(series.get(metric.name)?.samples ?? [], metric)),
    ]),
  );
}

function impossibleIn(found: readonly Found[], figures: FleetTable['figures']): FleetTable['impossible'] {
  const impossible = new Map<string, Uint8Array>();
  for (const metric of STORED) {
    const column = figures.get(metric.id);
    column?.forEach((figure, row) => {
      const samples = Number.isNaN(figure) ? found[row]?.series.get(metric.name)?.samples : undefined;
      if (!samples || !isNewestImpossible(samples, metric)) return;
      const rows = impossible.get(metric.id) ?? new Uint8Array(found.length);
      impossible.set(metric.id, rows);
      rows[row] = 1;
    });
  }
  return impossible;
}

function lossOf(series: TimeSeries | undefined): number {
  const ratio = series?.samples.at(-1)?.[1] ?? Number.NaN;
  return isPossible({ unit: 'percent' }, ratio) ? ratio * MS_PER_SECOND : Number.NaN;
}

const UNKNOWN = CAUSES.findIndex(({ code }) => code === 'unknown');

function causeOf(series: TimeSeries | undefined): number {
  const cause = CAUSES.findIndex(({ code }) => code === series?.labels.verdict);
  return cause < 0 ? UNKNOWN : cause;
}
