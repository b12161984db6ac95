/** The trend column: the last minute of one figure of a row as a graph of one line, the newest at the right. */

/** A minute, as bursts are seen in it and what was before does not hide them. */
const SPAN_SECONDS = 60;

/** Samples in the graph; `seconds` between two of them. Where a minute has few, the last two all the same. */
export const trendSamples = (seconds: number): number => Math.max(2, Math.round(SPAN_SECONDS / seconds));

/** The levels of a cell, from no use to the most. What is unavailable is blank, so that it does not look like 0. */
const LEVELS = '▁▂▃▄▅▆▇█';
const UNAVAILABLE = ' ';

/** A row that has so small a share of the busiest one is drawn on the scale of that share: its noise is no burst. */
const LEAST_SHARE = 1 / 20;

/** The largest value from one index to before another; NaN where all are unavailable. */
export function mostOf(values: readonly number[], from = 0, to = values.length): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let at = Math.max(0, from); at < to; at++) {
    const value = values[at] ?? Number.NaN;
    if (value > most) most = value;
  }
  return most === Number.NEGATIVE_INFINITY ? Number.NaN : most;
}

/**
 * So many cells, each with the largest of its samples: a burst of one sample is seen. `values`: oldest first, as many of
 * the last `samples` as are kept; `busiest`: the largest value of all rows on the screen.
 */
export function trendText(values: readonly number[], samples: number, cells: number, busiest: number): string {
  const count = Math.min(cells, samples);
  const most = Math.max(mostOf(values) || 0, (busiest || 0) * LEAST_SHARE);
  const missing = samples - values.length;
  const edge = (cell: number): number => Math.round((cell * samples) / count) - missing;
  let text = '';
  for (let cell = 0; cell < count; cell++) {
    const value = mostOf(values, edge(cell), edge(cell + 1));
    const level = most > 0 ? Math.ceil((value / most) * (LEVELS.length - 1)) : 0;
    text += Number.isNaN(value) ? UNAVAILABLE : (LEVELS[Math.max(0, level)] ?? UNAVAILABLE);
  }
  return text.padStart(cells);
}
