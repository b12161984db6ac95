/** Charts of one row over the last minutes: which figures, and how they are scaled and named. */
import { field } from '../diagnosis/fields.ts';
import { formatValue, scaleOf } from '../metrics/format.ts';
import type { Trace } from '../metrics/history.ts';
import type { Area } from './area.ts';
import { cellsOf, type Line } from './style.ts';

export interface Series {
  readonly id: string;
  /** Oldest first, in the unit of the axis. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly area: Area;
  readonly title: Line;
  readonly series: readonly Series[];
  /** What the ends of the line stand for. */
  readonly ages: readonly string[];
}

/** What is remembered of every row from the start, beside what the charts of the screens name. */
export const CHARTED: readonly string[] = [
  'cpu_percent',
  'cpu_throttled_percent',
  'memory_bytes',
  'psi_cpu_some_percent',
  'psi_memory_some_percent',
  'psi_io_some_percent',
  'io_read_bytes_per_second',
  'io_write_bytes_per_second',
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
];

/** Charts of the whole-window view, the most telling first; before them what the table is sorted by, where that is none of these. */
export const chartGroups = (sortedBy: string | undefined): readonly (readonly string[])[] =>
  sortedBy === undefined || CHART_GROUPS.flat().includes(sortedBy) ? CHART_GROUPS : [[sortedBy], ...CHART_GROUPS];

const CHART_GROUPS: readonly (readonly string[])[] = [
  ['cpu_percent', 'cpu_throttled_percent'],
  ['psi_cpu_some_percent', 'psi_memory_some_percent', 'psi_io_some_percent'],
  ['memory_bytes'],
  ['io_read_bytes_per_second', 'io_write_bytes_per_second'],
];

/** The spans that a chart may have, in seconds. */
export const SPANS = [5, 30, 60, 300, 900, 3600] as const;

/** What is kept of the span, beginning where the first figure is known; `seconds` between two samples. */
export function chartOf(
  area: Area,
  ids: readonly string[],
  traceOf: (id: string, samples: number) => Trace,
  span: number,
  seconds: number,
): Chart {
  const kept = ids.map((id) => ({ id, ...traceOf(id, Math.max(2, Math.round(span / seconds))) }));
  const pace = seconds * (kept[0]?.fold ?? 1);
  const starts = kept.map(({ values }) => values.findIndex((value) => !Number.isNaN(value))).filter((at) => at >= 0);
  const start = Math.min(...starts);
  const series = starts.length === 0 ? [] : kept.map(({ id, values }) => ({ id, values: values.slice(start) }));
  const tops = kept.map(({ mosts }) => Math.max(...mosts.filter((value) => !Number.isNaN(value))));
  const figures = (hasMost: boolean): Line =>
    kept.flatMap(({ id, values }, index): Line => {
      const { label, unit } = field(id);
      const [now = Number.NaN, top = Number.NaN] = [values.at(-1), tops[index]];
      return [
        [`${label} `, SERIES_STYLES[index % SERIES_STYLES.length]],
        [`${formatValue(now, unit)} ${hasMost ? '' : '  '}`],
        ...(hasMost
          ? ([[`most ${formatValue(Number.isFinite(top) ? top : Number.NaN, unit)}   `, 'dim']] as const)
          : []),
      ];
    });
  const length = series[0]?.values.length ?? 0;
  const ages = Array.from({ length }, (_, index) => `-${duration((length - 1 - index) * pace)}`);
  const means = pace > seconds ? `, means of ${duration(pace)}` : '';
  const { factor, name } = axisOf(ids, tops.filter(Number.isFinite));
  const range: Line = [[`${duration(span)}${means}${name === '' ? '' : `, in ${name}`}`, 'dim']];
  const title = [true, false]
    .map((hasMost) => [...figures(hasMost), ...range])
    .find((line) => cellsOf(line) <= area.width);
  return {
    area,
    title: title ?? figures(false),
    series: series.map(({ id, values }) => ({ id, values: bridged(values, factor) })),
    ages,
  };
}

/** The axis has bare numbers: they are in the unit of the largest figure, where all have one unit. */
function axisOf(ids: readonly string[], tops: readonly number[]): ReturnType<typeof scaleOf> {
  const [unit, ...others] = new Set(ids.map((id) => field(id).unit));
  if (unit === undefined || others.length > 0 || tops.length === 0) return { factor: 1, name: '' };
  return scaleOf(Math.max(...tops), unit);
}

export const duration = (seconds: number): string =>
  seconds < 120
    ? `${Math.round(seconds)}s`
    : seconds < 3600
      ? `${Math.round(seconds / 60)}m`
      : `${Number((seconds / 3600).toFixed(1))}h`;

/** A gap keeps the figure before it: the line cannot be broken, and a 0 would be a figure that nobody measured. */
function bridged(values: readonly number[], factor: number): number[] {
  let last = values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  return values.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last / factor;
  });
}

/**
 * A chart where there is no room for axes, or where there are no characters to draw one (`ascii`): each series as a row of
 * levels, the newest at the right.
 */
export function levelChart({ series, title, area }: Chart, ascii: boolean): Line[] {
  const levels = ascii ? ' .:-=+*#%@' : ' ▁▂▃▄▅▆▇█';
  return [
    title,
    ...series
      .filter(({ values }) => values.some((value) => !Number.isNaN(value)))
      .map(({ id, values }): Line => {
        const most = Math.max(...values.filter((value) => !Number.isNaN(value)));
        const shown = values.slice(-Math.max(1, area.width - 12));
        const text = shown.map(
          (value) => levels[most > 0 ? Math.round((value / most) * (levels.length - 1)) : 0] ?? ' ',
        );
        return [[`${field(id).label.padEnd(9)}|`, 'dim'], [text.join('')]];
      }),
  ];
}

const SERIES_STYLES = ['accent', 'warning', 'good'] as const;

/** Areas of charts that fit: in two columns from 120 cells on, each at least eight lines high. */
export function chartAreas({ top, left, width, height }: Area, wanted: number): Area[] {
  const columns = width >= 120 ? 2 : 1;
  const rows = Math.max(1, Math.min(Math.ceil(wanted / columns), Math.floor(height / 8)));
  const [cellWidth, cellHeight] = [Math.floor(width / columns), Math.floor(height / rows)];
  return Array.from({ length: Math.min(wanted, rows * columns) }, (_, index) => ({
    top: top + Math.floor(index / columns) * cellHeight,
    left: left + (index % columns) * cellWidth,
    width: cellWidth,
    height: cellHeight,
  }));
}
