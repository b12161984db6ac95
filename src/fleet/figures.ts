/** The figure of a metric, from the samples that a store has of its series. Whoever fills the store is not trusted. */

import { isPossible } from '../metrics/metric.ts';
import type { StoredMetric } from './queries.ts';
import type { Sample } from './store.ts';

/**
 * The figure at the scrape of that index; where it is a rate, over the time since the scrape before. NaN where there is none, or
 * one that cannot be.
 */
export function figureAt(samples: readonly Sample[], at: number, metric: StoredMetric): number {
  const figure = toldAt(samples, at, metric);
  return isPossible(metric, figure) ? figure : Number.NaN;
}

export const newestFigure = (samples: readonly Sample[], metric: StoredMetric): number =>
  figureAt(samples, samples.length - 1, metric);

/** Whether there is a newest figure, and none that can be. */
export function isNewestImpossible(samples: readonly Sample[], metric: StoredMetric): boolean {
  const figure = toldAt(samples, samples.length - 1, metric);
  return !Number.isNaN(figure) && !isPossible(metric, figure);
}

function toldAt(
  samples: readonly Sample[],
  at: number,
  { isRate, scale, most = Number.POSITIVE_INFINITY }: StoredMetric,
): number {
  const [now, before] = [samples[at], samples[at - 1]];
  if (!now) return Number.NaN;
  if (!isRate) return now[1] * scale;
  const [change, seconds] = [changeBetween(before?.[1], now[1]), now[0] - (before?.[0] ?? Number.NaN)];
  // A counter that fell began anew: its rate is not known.
  return change >= 0 && seconds > 0 ? Math.min(most, (change / seconds) * scale) : Number.NaN;
}

/** VictoriaMetrics keeps figures as decimals: it gives what stays the same once as 0.00003 and once as 0.000030000000000000004. */
const ROUNDING = 4 * Number.EPSILON;

function changeBetween(before = Number.NaN, now: number): number {
  const change = now - before;
  return Math.abs(change) <= ROUNDING * before ? 0 : change;
}
