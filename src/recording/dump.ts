/**
 * Recorded moments as text for other programs. The order of columns is fixed: time, path, name, kind, owner, image, then
 * the fields of a row in the order of `tscg metrics`.
 */
import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { ownerOf } from '../inventory/owner.ts';
import { isListed } from '../inventory/workload.ts';
import { METRICS } from '../metrics/catalogue.ts';
import type { Frame } from '../metrics/source.ts';
import { clean, jsonText } from '../text/clean.ts';
import { csvLine } from '../text/csv.ts';
import { openMetricsText } from '../text/openmetrics.ts';

export const DUMP_FORMATS = ['csv', 'jsonl', 'openmetrics'] as const;
export type DumpFormat = (typeof DUMP_FORMATS)[number];

export interface Dumper {
  /** Text before the first moment. */
  readonly head: string;
  /** Text of a moment, each line with its newline. */
  of(frame: Frame): string;
  /** Text after the last moment. */
  tail(): string;
}

export interface DumpOptions {
  /** Structure too: slices, monitors, inner cgroups. */
  readonly all: boolean;
}

export function openDumper(format: DumpFormat, options: DumpOptions): Dumper {
  switch (format) {
    case 'csv':
      return { head: `${HEADS.join(',')}\n`, of: (frame) => csvOf(frame, options), tail: () => '' };
    case 'jsonl':
      return { head: '', of: (frame) => jsonOf(frame, options), tail: () => '' };
    case 'openmetrics':
      return openMetrics(options);
  }
}

const HEADS = ['time', 'path', 'name', 'kind', 'owner', 'image', ...ROW_FIELDS.map(({ id }) => id)];

const rowsOf = ({ workloads }: Frame, { all }: DumpOptions): number[] =>
  workloads.flatMap((workload, row) => (all || isListed(workload) ? [row] : []));

const timeOf = ({ usage }: Frame): string => new Date(usage.snapshot.wall).toISOString();

function csvOf(frame: Frame, options: DumpOptions): string {
  const lines = rowsOf(frame, options).map((row) => {
    const workload = frame.workloads[row];
    const about = [workload?.path, workload?.name, workload?.kind, workload && ownerOf(workload), workload?.image];
    const figures = ROW_FIELDS.map(({ json }) => json(frame.usage, row));
    return `${csvLine([timeOf(frame), ...about.map((text) => text && clean(text)), ...figures])}\n`;
  });
  return lines.join('');
}

function jsonOf(frame: Frame, options: DumpOptions): string {
  const lines = rowsOf(frame, options).map((row) => {
    const workload = frame.workloads[row];
    const about = {
      ...{ time: timeOf(frame), path: workload?.path, name: workload?.name, kind: workload?.kind },
      ...{ owner: workload && ownerOf(workload), image: workload?.image ?? null },
    };
    return `${jsonText({ ...about, ...Object.fromEntries(ROW_FIELDS.map(({ id, json }) => [id, json(frame.usage, row)])) })}\n`;
  });
  return lines.join('');
}

/** OpenMetrics wants all samples of one family together: they are kept until the end. */
function openMetrics(options: DumpOptions): Dumper {
  const families = METRICS.map((): string[] => []);
  return {
    head: '',
    of: (frame) => {
      const rows = rowsOf(frame, options);
      const seconds = (frame.usage.snapshot.wall / 1000).toFixed(3);
      METRICS.forEach(({ id }, index) => {
        const values = frame.usage.column(id);
        for (const row of rows) {
          const value = values[row] ?? Number.NaN;
          if (Number.isNaN(value)) continue;
          const text = value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
          families[index]?.push(`tscg_${id}{${labelsOf(frame, row)}} ${text} ${seconds}\n`);
        }
      });
      return '';
    },
    tail: () => {
      const texts = METRICS.map(({ id, help }, index) => {
        const samples = families[index] ?? [];
        if (samples.length === 0) return '';
        // The samples of one series stand together, the oldest first.
        const sorted = samples
          .map((line, order) => ({ line, order, series: line.slice(0, line.indexOf('} ')) }))
          .sort((a, b) => (a.series < b.series ? -1 : a.series > b.series ? 1 : a.order - b.order));
        const head = `# TYPE tscg_${id} gauge\n# HELP tscg_${id} ${openMetricsText(help)}\n`;
        return `${head}${sorted.map(({ line }) => line).join('')}`;
      });
      return `${texts.join('')}# EOF\n`;
    },
  };
}

function labelsOf({ workloads }: Frame, row: number): string {
  const workload = workloads[row];
  const labels = { path: workload?.path ?? '', name: workload?.name ?? '', kind: workload?.kind ?? '' };
  return Object.entries(labels)
    .map(([key, value]) => `${key}="${openMetricsText(clean(value))}"`)
    .join(',');
}
