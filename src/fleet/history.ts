/** The past of one workload: what a store has of its figures, and the part of it that a chart shows. */

import type { Trace } from '../metrics/history.ts';
import { figureAt } from './figures.ts';
import { STORED } from './queries.ts';
import type { TimeSeries } from './store.ts';

/** The figures of one metric, one a scrape, the oldest first. */
export interface FigureHistory {
  /** Seconds since the epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The history of a row, by the id of the metric. */
export type RowHistory = ReadonlyMap<string, FigureHistory>;

export function historyOf(all: readonly TimeSeries[]): RowHistory {
  const byName = new Map(all.map((series) => [series.labels.__name__, series.samples]));
  return new Map(
    STORED.flatMap((metric): [string, FigureHistory][] => {
      const samples = byName.get(metric.name);
      if (!samples) return [];
      const times = Float64Array.from(samples, ([time]) => time);
      return [[metric.id, { times, values: Float64Array.from(samples, (_, at) => figureAt(samples, at, metric)) }]];
    }),
  );
}

export interface TraceSpan {
  /** Its end: seconds since the epoch. */
  readonly end: number;
  readonly samples: number;
  /** Between two samples. */
  readonly seconds: number;
}

/** More values than a chart has cells are of no use. */
const MOST_VALUES = 300;
/** Intervals between scrapes for which a figure is shown: until the next scrape, and until the one after it where that fails. */
const HOLDS_SCRAPES = 2.5;

/** The span as values of a chart: each is the mean of the scrapes in its time, or the last figure where there was no scrape. */
export function traceIn({ times, values }: FigureHistory, { end, samples, seconds }: TraceSpan): Trace {
  const fold = Math.max(1, Math.ceil(samples / MOST_VALUES));
  const count = Math.ceil(samples / fold);
  const width = fold * seconds;
  const holds = HOLDS_SCRAPES * paceOf(times);
  const means: number[] = [];
  const mosts: number[] = [];
  let next = 0;
  for (let cell = 0; cell < count; cell++) {
    const until = end - (count - 1 - cell) * width;
    let [sum, known, most] = [0, 0, Number.NaN];
    for (; next < times.length && (times[next] ?? 0) <= until; next++) {
      const value = values[next] ?? Number.NaN;
      if (Number.isNaN(value) || (times[next] ?? 0) <= until - width) continue;
      sum += value;
      known++;
      most = Math.max(most, value);
    }
    const isHeld = until - (times[next - 1] ?? Number.NaN) <= holds;
    const held = isHeld ? (values[next - 1] ?? Number.NaN) : Number.NaN;
    means.push(known > 0 ? sum / known : held);
    mosts.push(known > 0 ? most : held);
  }
  return { values: means, mosts, fold };
}

/** The median of the times between two scrapes. */
function paceOf(times: Float64Array): number {
  const gaps = times
    .subarray(1)
    .map((time, at) => time - (times[at] ?? time))
    .sort();
  return gaps[gaps.length >> 1] ?? 0;
}
