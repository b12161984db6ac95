/**
 * Recorded moments as text for other programs. The order of columns is fixed: the time, what a workload is in the order of
 * `FACTS`, then the fields of a row in the order of `tscg metrics`. The series of OpenMetrics have the labels of `tscg export`.
 */

import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { isListed, type Workload } from '../inventory/workload.ts';
import { METRICS } from '../metrics/catalogue.ts';
import type { Metric } from '../metrics/metric.ts';
import type { Frame } from '../metrics/source.ts';
import { jsonText } from '../text/clean.ts';
import { numberText, openMetricsText } from '../text/openmetrics.ts';
import { textOrder } from '../text/text-order.ts';
import { labelText, seriesLabels } from './labels.ts';
import { csvHead, csvRow, rowColumns, rowObject, TIME_COLUMN } from './rows.ts';

export const DUMP_FORMATS = ['csv', 'jsonl', 'openmetrics'] as const;
export type DumpFormat = (typeof DUMP_FORMATS)[number];

export interface DumpOptions {
  readonly format: DumpFormat;
  /** Structure too: slices, monitors, inner cgroups. */
  readonly all: boolean;
}

/** The Frames of a dump, from the first one each time that it is called. */
type Frames = () => Iterable<Frame>;

/** The text of a dump in parts, each of which ends with a line. */
export function* dumped(frames: Frames, { format, all }: DumpOptions): Generator<string> {
  if (format === 'openmetrics') return yield* openMetrics(frames, all);
  if (format === 'csv') yield `${csvHead(COLUMNS)}\n`;
  const lineOf = (frame: Frame, row: number): string =>
    format === 'csv' ? csvRow(COLUMNS, frame, row) : jsonText(rowObject(COLUMNS, frame, row));
  for (const frame of frames()) {
    const lines = rowsOf(frame, all).map((row) => `${lineOf(frame, row)}\n`);
    yield lines.join('');
  }
}

const COLUMNS = [TIME_COLUMN, ...rowColumns(ROW_FIELDS)];

const rowsOf = ({ workloads }: Frame, all: boolean): number[] =>
  workloads.flatMap((workload, row) => (all || isListed(workload) ? [row] : []));

/** Figures that are held at once: 160 MB. An hour of 200 cgroups has more than twice as many. */
const MOST_HELD = 20e6;

/** The samples of some metrics. */
interface Held {
  readonly metrics: readonly Metric[];
  readonly series: readonly HeldSeries[];
}

/** The samples of the series with these labels, as they were recorded. */
interface HeldSeries {
  readonly labels: string;
  /** Milliseconds since the epoch: they go back where the clock was set back. */
  readonly times: number[];
  /** By metric; NaN where it was unavailable. */
  readonly figures: number[][];
}

/**
 * OpenMetrics wants all samples of a metric together, and among them those of a series. They are held until the last Frame was
 * seen: of all metrics, or, where that is too much, of some, and the Frames are gone through once more for the others.
 */
export function* openMetrics(frames: Frames, all: boolean, mostHeld = MOST_HELD): Generator<string> {
  for (let wanted = METRICS; wanted.length > 0; ) {
    const held = heldOf(frames(), all, wanted, mostHeld);
    yield* textsOf(held);
    wanted = wanted.slice(held.metrics.length);
  }
  yield '# EOF\n';
}

/** The samples of the first of these metrics: of as many as can be held. */
function heldOf(frames: Iterable<Frame>, all: boolean, wanted: readonly Metric[], most: number): Held {
  const byLabels = new Map<string, HeldSeries>();
  let metrics = wanted;
  let samples = 0;
  for (const frame of frames) {
    const { wall } = frame.usage.snapshot;
    const columns = metrics.map(({ id }) => frame.usage.column(id));
    for (const row of rowsOf(frame, all)) {
      const labels = labelsOf(frame, row);
      const series = byLabels.get(labels) ?? { labels, times: [], figures: metrics.map(() => []) };
      byLabels.set(labels, series);
      series.times.push(wall);
      columns.forEach((values, index) => {
        series.figures[index]?.push(values[row] ?? Number.NaN);
      });
      samples++;
    }
    while (samples * metrics.length > most && metrics.length > 1) {
      metrics = metrics.slice(0, Math.ceil(metrics.length / 2));
      for (const { figures } of byLabels.values()) figures.length = metrics.length;
    }
  }
  return { metrics, series: [...byLabels.values()].sort((a, b) => textOrder(a.labels, b.labels)) };
}

function* textsOf({ metrics, series }: Held): Generator<string> {
  // The oldest first: a store refuses a sample that is older than the one before.
  const orders = series.map(({ times }) => [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0)));
  for (const [index, { id, help }] of metrics.entries()) {
    let head = `# TYPE tscg_${id} gauge\n# HELP tscg_${id} ${openMetricsText(help)}\n`;
    for (const [row, { labels, times, figures }] of series.entries()) {
      const lines = (orders[row] ?? []).map((at) => {
        const figure = figures[index]?.[at] ?? Number.NaN;
        const seconds = ((times[at] ?? Number.NaN) / 1000).toFixed(3);
        return Number.isNaN(figure) ? '' : `tscg_${id}${labels}} ${numberText(figure)} ${seconds}\n`;
      });
      const text = lines.join('');
      if (text === '') continue;
      yield `${head}${text}`;
      head = '';
    }
  }
}

/** A workload is the same object in every Frame until something else is told of it. */
const LABELS = new WeakMap<Workload, string>();

function labelsOf({ workloads }: Frame, row: number): string {
  const workload = workloads[row];
  if (!workload) return '{';
  const labels = LABELS.get(workload) ?? labelText(seriesLabels(workload));
  LABELS.set(workload, labels);
  return labels;
}
