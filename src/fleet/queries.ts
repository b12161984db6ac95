/**
 * What is asked of a store, in PromQL: the series of `tscg export`, each with its samples of a span of time. An interval
 * that holds two scrapes has the figures of the newest one; a longer one is a history.
 *
 *     {__name__=~"tscg_workload_info|container_threads|…"}[150s]                            every workload
 *     {__name__=~"container_threads|…",instance="web-1:9753",job="tscg",id="/a"}[3600s]     the history of one
 *
 * Samples are asked for, not `rate()` of them: a rate between two scrapes is the figure of the machine's own `tscg ls`.
 */

import { familyOf, INFO_SERIES, isExported, LOSS_SERIES, sampleName, VERDICT_SERIES } from '../export/families.ts';
import { METRICS } from '../metrics/catalogue.ts';
import { column } from '../metrics/files.ts';
import { type Metric, PERCENT } from '../metrics/metric.ts';

/** Long enough to hold two scrapes that are a minute apart. */
export const WINDOW_SECONDS = 150;

/** A metric of the catalogue as a store has it. */
export interface StoredMetric extends Pick<Metric, 'id' | 'unit' | 'most' | 'isLimit'> {
  /** The name of its series. */
  readonly name: string;
  /** Whether the metric is the rate of its series, which is a counter. */
  readonly isRate: boolean;
  /** What a figure of the series is multiplied by for the unit of the metric. */
  readonly scale: number;
  /** Of a metric that counts events: the column of a Snapshot that has the same figure. */
  readonly eventColumn?: number;
}

function storedMetric(metric: Metric): StoredMetric {
  const family = familyOf(metric);
  const name = sampleName(family);
  const { id, unit, most, isLimit, counter } = metric;
  const shape = {
    id,
    unit,
    ...(most && { most }),
    ...(isLimit && { isLimit }),
    scale: unit === 'percent' ? PERCENT : 1,
  };
  if (family.type !== 'counter') return { ...shape, name, isRate: false };
  const counts = unit === 'count' && counter !== undefined;
  return { ...shape, name, isRate: !counts, ...(counts && { eventColumn: column(counter) }) };
}

export const STORED: readonly StoredMetric[] = METRICS.filter(isExported).map(storedMetric);

/** The name of the series of a field; undefined where none is exported. */
export const seriesOf = (id: string): string | undefined =>
  id === 'verdict'
    ? VERDICT_SERIES
    : id === 'verdict_loss_percent'
      ? LOSS_SERIES
      : STORED.find((metric) => metric.id === id)?.name;

/**
 * Metrics that are asked for whatever is shown: they tell whether a row is listed, how its name looks, and what happened to
 * it.
 */
const ALWAYS = ['populated', 'frozen', 'cpu_throttled_percent', 'memory_oom_kills'];

/** Asks for the last scrapes of every workload, with these metrics; with all of them where none are named. */
export function tableQuery(ids?: Iterable<string>): string {
  const wanted = ids && new Set([...ids, ...ALWAYS]);
  const names = STORED.filter(({ id }) => !wanted || wanted.has(id)).map(({ name }) => name);
  return `${selector([INFO_SERIES, VERDICT_SERIES, LOSS_SERIES, ...names])}[${WINDOW_SECONDS}s]`;
}

/** The labels that name a machine; '' where its series have no such label. */
export type TargetLabels = Readonly<Record<string, string>>;

/** The labels that name a cgroup of a machine. */
export interface RowLabels {
  readonly target: TargetLabels;
  readonly id: string;
}

/** Asks for the scrapes of one workload over so many seconds, with these metrics; with all of them where none are named. */
export function rowQuery(row: RowLabels, ids: Iterable<string> | undefined, seconds: number): string {
  const wanted = ids && new Set(ids);
  const names = STORED.filter(({ id }) => !wanted || wanted.has(id)).map(({ name }) => name);
  return `${selector(names, row)}[${Math.ceil(seconds)}s]`;
}

function selector(names: readonly string[], row?: RowLabels): string {
  const equal = row
    ? Object.entries({ ...row.target, id: row.id }).map(([label, value]) => `,${label}=${JSON.stringify(value)}`)
    : [];
  return `{__name__=~"${[...new Set(names)].join('|')}"${equal.join('')}}`;
}
