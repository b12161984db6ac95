/** Figures of the catalogue, from samples of the series that a store has. */
import type { StoredMetric } from './queries.ts';
import type { Sample } from './store.ts';

/** What a metric was when that sample was scraped: of a counter the rate since the sample before. */
export function figureAt(samples: readonly Sample[], at: number, { isCounter, scale }: StoredMetric): number {
  const [now, before] = [samples[at], samples[at - 1]];
  if (!now) return Number.NaN;
  if (!isCounter) return now[1] * scale;
  const [change, seconds] = [now[1] - (before?.[1] ?? Number.NaN), now[0] - (before?.[0] ?? Number.NaN)];
  // A counter that fell began anew: no rate is told of it.
  return change >= 0 && seconds > 0 ? (change / seconds) * scale : Number.NaN;
}

export const newestFigure = (samples: readonly Sample[], metric: StoredMetric): number =>
  figureAt(samples, samples.length - 1, metric);
