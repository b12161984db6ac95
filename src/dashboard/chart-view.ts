/** Charts of one row over the last minutes: which figures, and how they are scaled and named. */

import { field } from '../diagnosis/fields.ts';
import { formatValue, scaleOf } from '../metrics/format.ts';
import type { Trace } from '../metrics/history.ts';
import type { Unit } from '../metrics/metric.ts';
import { cut } from '../text/cells.ts';
import type { Area } from './area.ts';
import { cellsOf, type Line } from './style.ts';

export interface Series {
  readonly label: string;
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

/**
 * Charts of the whole-window view, the most telling first; before them what the table is sorted by, where that is none of
 * these.
 */
export const chartGroups = (sortedBy: string | undefined): readonly (readonly string[])[] =>
  sortedBy === undefined || CHART_GROUPS.flat().includes(sortedBy) ? CHART_GROUPS : [[sortedBy], ...CHART_GROUPS];

const CHART_GROUPS: readonly (readonly string[])[] = [
  ['cpu_percent', 'cpu_throttled_percent'],
  ['psi_cpu_some_percent', 'psi_memory_some_percent', 'psi_io_some_percent'],
  ['memory_bytes'],
  ['io_read_bytes_per_second', 'io_write_bytes_per_second'],
];

/** What is remembered of every row from the start, beside what the charts of the screens name. */
export const CHARTED: readonly string[] = [
  ...CHART_GROUPS.flat(),
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
];

/** The spans that a chart may have, in seconds. */
export const SPANS = [5, 30, 60, 300, 900, 3600] as const;

/** One line of a chart. */
export interface Charted {
  /** The id of the field that it shows. */
  readonly id: string;
  /** The name of the row, where it is not the selected one. */
  readonly of?: string;
  readonly trace: (samples: number) => Trace;
}

/** What is kept of the span, beginning where the first figure is known; `seconds` between two samples. */
export function chartOf(area: Area, charted: readonly Charted[], span: number, seconds: number): Chart {
  const kept = charted.map(({ id, of, trace }) => {
    const { label, unit } = field(id);
    const traced = trace(Math.max(2, Math.round(span / seconds)));
    return { ...traced, label: of === undefined ? label : `${of} ${label}`, unit };
  });
  const pace = seconds * (kept[0]?.fold ?? 1);
  const starts = kept.map(({ values }) => values.findIndex((value) => !Number.isNaN(value))).filter((at) => at >= 0);
  const start = Math.min(...starts);
  const tops = kept.map(({ mosts }) => Math.max(...mosts.filter((value) => !Number.isNaN(value))));
  const figures = (hasMost: boolean): Line =>
    kept.flatMap(({ label, unit, values }, index): Line => {
      const [now = Number.NaN, top = Number.NaN] = [values.at(-1), tops[index]];
      return [
        [`${label} `, SERIES_STYLES[index % SERIES_STYLES.length]],
        [`${formatValue(now, unit)} ${hasMost ? '' : '  '}`],
        ...(hasMost
          ? ([[`most ${formatValue(Number.isFinite(top) ? top : Number.NaN, unit)}   `, 'dim']] as const)
          : []),
      ];
    });
  const units = kept.map(({ unit }) => unit);
  const { factors, axis } = axisOf(units, tops, charted);
  const series =
    starts.length === 0
      ? []
      : kept.map(({ label, values }, at) => ({ label, values: bridged(values.slice(start), factors[at] ?? 1) }));
  const length = series[0]?.values.length ?? 0;
  const ages = Array.from({ length }, (_, index) => `-${duration((length - 1 - index) * pace)}`);
  const means = pace > seconds ? `, means of ${duration(pace)}` : '';
  const range: Line = [[`${duration(span)}${means}${axis}`, 'dim']];
  const title = [true, false]
    .map((hasMost) => [...figures(hasMost), ...range])
    .find((line) => cellsOf(line) <= area.width);
  return { area, title: title ?? figures(false), series, ages };
}

/**
 * What each figure is divided by, and what is said of the axis, which has bare numbers. They are in the unit of the largest
 * figure where all have one unit. A suspect's figure of another unit than the row's own is drawn as high as that goes: when
 * it rises and falls is what is compared.
 */
function axisOf(
  units: readonly Unit[],
  tops: readonly number[],
  charted: readonly Charted[],
): { readonly factors: readonly number[]; readonly axis: string } {
  const known = tops.filter(Number.isFinite);
  const [unit] = units;
  if (unit === undefined || known.length === 0) return { factors: [], axis: '' };
  if (new Set(units).size === 1) {
    const { factor, name } = scaleOf(Math.max(...known), unit);
    return { factors: tops.map(() => factor), axis: name === '' ? '' : `, in ${name}` };
  }
  const isScaled = (at: number): boolean => charted[at]?.of !== undefined && units[at] !== unit;
  if (!units.some((_, at) => isScaled(at))) return { factors: [], axis: '' };
  const own = Math.max(...tops.filter((top, at) => Number.isFinite(top) && !isScaled(at)));
  const most = own > 0 && Number.isFinite(own) ? own : 100;
  const factors = tops.map((top, at) => (isScaled(at) && top > 0 ? top / most : 1));
  const whose = charted.filter((_, at) => isScaled(at)).map(({ of }) => of);
  return { factors, axis: `, ${[...new Set(whose)].join(' and ')} drawn to the same height` };
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
      .map(({ label, values }): Line => {
        const most = Math.max(...values.filter((value) => !Number.isNaN(value)));
        const shown = values.slice(-Math.max(1, area.width - LEVEL_CELLS - 3));
        const text = shown.map(
          (value) => levels[most > 0 ? Math.round((value / most) * (levels.length - 1)) : 0] ?? ' ',
        );
        return [[`${cut(label, LEVEL_CELLS).padEnd(LEVEL_CELLS)}|`, 'dim'], [text.join('')]];
      }),
  ];
}

/** Cells of the name before a row of levels. */
const LEVEL_CELLS = 9;

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
