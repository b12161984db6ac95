/**
 * Recorded moments as text for other programs. The order of columns is fixed: the time, what a workload is in the order of
 * `FACTS`, then the fields of a row in the order of `tscg metrics`. The series of OpenMetrics have the labels of `tscg export`.
 */

import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { isListed, type Workload } from '../inventory/workload.ts';
import { METRICS } from '../metrics/catalogue.ts';
import type { Frame } from '../metrics/source.ts';
import { jsonText } from '../text/clean.ts';
import { numberText, openMetricsText } from '../text/openmetrics.ts';
import { textOrder } from '../text/text-order.ts';
import { labelText, seriesLabels } from './labels.ts';
import { csvHead, csvRow, rowColumns, rowObject, TIME_COLUMN } from './rows.ts';
import { createSeriesStore, type SeriesStore } from './series-store.ts';

export const DUMP_FORMATS = ['csv', 'jsonl', 'openmetrics'] as const;
export type DumpFormat = (typeof DUMP_FORMATS)[number];

export interface DumpOptions {
  readonly format: DumpFormat;
  /** Structure too: slices, monitors, inner cgroups. */
  readonly all: boolean;
}

/** The text of a dump in parts, each of which ends with a line. */
export function* dumped(frames: Iterable<Frame>, { format, all }: DumpOptions): Generator<string> {
  if (format === 'openmetrics') return yield* openMetrics(frames, all);
  if (format === 'csv') yield `${csvHead(COLUMNS)}\n`;
  const lineOf = (frame: Frame, row: number): string =>
    format === 'csv' ? csvRow(COLUMNS, frame, row) : jsonText(rowObject(COLUMNS, frame, row));
  for (const frame of frames) {
    const lines = rowsOf(frame, all).map((row) => `${lineOf(frame, row)}\n`);
    yield lines.join('');
  }
}

const COLUMNS = [TIME_COLUMN, ...rowColumns(ROW_FIELDS)];

const rowsOf = ({ workloads }: Frame, all: boolean): number[] =>
  workloads.flatMap((workload, row) => (all || isListed(workload) ? [row] : []));

/** 64 MB of figures. */
const MOST_HELD = Math.floor(8e6 / (METRICS.length + 1));

/** Of what is held: the time of a sample, and then a column a metric. */
const TIME = 0;

/** Not /tmp: that is often memory, and a day of 200 cgroups has 9 GB of figures. */
const temporaryFolder = (): string => process.env.TMPDIR || '/var/tmp';

/**
 * OpenMetrics wants all samples of a metric together, and among them those of a series: all Frames are seen before the first
 * line is written. `mostHeld`: samples that are not in a temporary file.
 */
export function* openMetrics(frames: Iterable<Frame>, all: boolean, mostHeld = MOST_HELD): Generator<string> {
  const store = createSeriesStore({ columns: METRICS.length + 1, mostHeld, folder: temporaryFolder() });
  try {
    const numbers = seriesAdded(store, frames, all);
    const series = [...numbers].sort(([a], [b]) => textOrder(a, b));
    for (const [index, { id, help }] of METRICS.entries()) {
      let head = `# TYPE tscg_${id} gauge\n# HELP tscg_${id} ${openMetricsText(help)}\n`;
      for (const [labels, number] of series) {
        const [times, figures] = [store.figures(number, TIME), store.figures(number, index + 1)];
        const text = samplesText(`tscg_${id}${labels}} `, times, figures);
        if (text === '') continue;
        yield `${head}${text}`;
        head = '';
      }
    }
    yield '# EOF\n';
  } finally {
    store.close();
  }
}

/** Puts the samples of all Frames into the store; gives the number of each series by its labels. */
function seriesAdded(store: SeriesStore, frames: Iterable<Frame>, all: boolean): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const frame of frames) {
    const { wall } = frame.usage.snapshot;
    const columns = METRICS.map(({ id }) => frame.usage.column(id));
    for (const row of rowsOf(frame, all)) {
      const labels = labelsOf(frame, row);
      const number = numbers.get(labels) ?? numbers.size;
      numbers.set(labels, number);
      store.add(number, (column) => (column === TIME ? wall : (columns[column - 1]?.[row] ?? Number.NaN)));
    }
  }
  return numbers;
}

/** The oldest first: a store refuses a sample that is older than the one before. They come so, but where the clock was set back. */
function samplesText(name: string, times: Float64Array, figures: Float64Array): string {
  const isOrdered = times.every((time, at) => at === 0 || time >= (times[at - 1] ?? time));
  const order = isOrdered ? times.keys() : [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  let text = '';
  for (const at of order) {
    const figure = figures[at] ?? Number.NaN;
    if (!Number.isNaN(figure))
      text += `${name}${numberText(figure)} ${((times[at] ?? Number.NaN) / 1000).toFixed(3)}\n`;
  }
  return text;
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
