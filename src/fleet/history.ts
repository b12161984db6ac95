/** The past of one workload: what a store has of its figures, and the part of it that a chart shows. */
import type { Trace } from '../metrics/history.ts';
import { figureAt } from './figures.ts';
import { STORED } from './queries.ts';
import type { TimeSeries } from './store.ts';

/** A figure of the catalogue at each scrape, oldest first: of a counter its rate, where a Sample of the store has the count. */
export interface FigureHistory {
  /** Seconds since the epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** By metric. */
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

/** Cells of a chart have no use for more. */
const MOST_VALUES = 300;
/** A figure holds until the next scrape, of which one may fail. */
const HOLDS_SCRAPES = 2.5;

/** Samples of a span, as History has them: each value is the mean of the scrapes in its time, else the figure that holds. */
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

/** The usual time between two scrapes. */
function paceOf(times: Float64Array): number {
  const gaps = Float64Array.from({ length: Math.max(0, times.length - 1) }, (_, at) => gapAfter(times, at)).sort();
  return gaps[gaps.length >> 1] ?? 0;
}

const gapAfter = (times: Float64Array, at: number): number => (times[at + 1] ?? 0) - (times[at] ?? 0);
