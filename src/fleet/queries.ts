/**
 * What is asked of a store, in PromQL: the series of `tscg export`, each with its samples of a span of time. An interval
 * that holds two scrapes has the figures of the newest one; a longer one is a history.
 *
 *     {__name__=~"tscg_workload_info|container_threads|…"}[150s]                            every workload
 *     {__name__=~"container_threads|…",instance="web-1:9753",job="tscg",id="/a"}[3600s]     the history of one
 *
 * Samples are asked for, not `rate()` of them: a rate between two scrapes is the figure of the machine's own `tscg ls`.
 */
import { familyOf, isExported } from '../export/families.ts';
import { METRICS } from '../metrics/catalogue.ts';
import { column } from '../metrics/files.ts';
import type { Metric } from '../metrics/metric.ts';

/** Two scrapes, a minute apart at most, lie in it. */
export const WINDOW_SECONDS = 150;

export const INFO_SERIES = 'tscg_workload_info';
export const VERDICT_SERIES = 'tscg_verdict';
export const LOSS_SERIES = 'tscg_verdict_loss_ratio';

/** A metric of the catalogue as a store has it. */
export interface StoredMetric {
  readonly id: string;
  /** The name of its series. */
  readonly name: string;
  readonly isCounter: boolean;
  /** From the unit of the series to that of the metric. */
  readonly scale: number;
  /** Column of a Snapshot that has the same figure: it counts events. */
  readonly counter?: number;
}

const PERCENT = 100;

function storedMetric(metric: Metric): StoredMetric {
  const { name, type } = familyOf(metric);
  const { id, unit, counter } = metric;
  const scale = unit === 'percent' ? PERCENT : 1;
  if (type !== 'counter') return { id, name, isCounter: false, scale };
  const counts = unit === 'count' && counter !== undefined;
  return { id, name: `${name}_total`, isCounter: !counts, scale, ...(counts && { counter: column(counter) }) };
}

export const STORED: readonly StoredMetric[] = METRICS.filter(isExported).map(storedMetric);

/** The name of the series of a field; undefined where none is exported. */
export const seriesOf = (id: string): string | undefined =>
  id === 'verdict'
    ? VERDICT_SERIES
    : id === 'verdict_loss_percent'
      ? LOSS_SERIES
      : STORED.find((metric) => metric.id === id)?.name;

/** What tells of a row whether it is listed, how its name looks, and what happened to it. */
const ALWAYS = ['populated', 'frozen', 'cpu_throttled_percent', 'memory_oom_kills'];

/** The last scrapes of every workload, with these metrics; with all where none are named. */
export function tableQuery(ids?: Iterable<string>): string {
  const wanted = ids && new Set([...ids, ...ALWAYS]);
  const names = STORED.filter(({ id }) => !wanted || wanted.has(id)).map(({ name }) => name);
  return `${selector([INFO_SERIES, VERDICT_SERIES, LOSS_SERIES, ...names])}[${WINDOW_SECONDS}s]`;
}

/** A cgroup of a machine, by labels of its series. */
export interface RowLabels {
  readonly instance: string;
  readonly job: string;
  readonly id: string;
}

/** One workload over so many seconds. */
export function rowQuery(row: RowLabels, ids: Iterable<string> | undefined, seconds: number): string {
  const wanted = ids && new Set(ids);
  const names = STORED.filter(({ id }) => !wanted || wanted.has(id)).map(({ name }) => name);
  return `${selector(names, row)}[${Math.ceil(seconds)}s]`;
}

function selector(names: readonly string[], row?: RowLabels): string {
  const { instance, job, id } = row ?? {};
  const equal = Object.entries({ instance, job, id }).flatMap(([label, value]) =>
    value === undefined ? [] : [`,${label}=${JSON.stringify(value)}`],
  );
  return `{__name__=~"${[...new Set(names)].join('|')}"${equal.join('')}}`;
}
