/**
 * A Frame as text that Prometheus scrapes: OpenMetrics 1.0, or the older text format for scrapers that do not ask for that.
 *
 *     # HELP container_cpu_usage_seconds The total behind cpu_percent: …
 *     # TYPE container_cpu_usage_seconds counter
 *     # UNIT container_cpu_usage_seconds seconds
 *     container_cpu_usage_seconds_total{id="/system.slice/web.service",name="web.service",kind="unit"} 1.5
 *     # EOF
 *
 * The older format has no UNIT and no EOF, and names a counter with its `_total`. prom-client, which
 * tells of the exporter itself (instruments.ts), does not make this text: for 1,000 cgroups it takes 200 ms where this takes 20,
 * and it has no UNIT.
 */
import type { Workload } from '../inventory/workload.ts';
import type { Frame } from '../metrics/source.ts';
import { openMetricsText } from '../text/openmetrics.ts';
import { type Bytes, createBytes } from './bytes.ts';
import { FAMILIES, type Family, unitOf } from './families.ts';
import { HOST_FAMILIES } from './host-families.ts';
import { idLabel, infoLabels, labelText, seriesLabels, withoutTarget } from './labels.ts';

export type Format = 'openmetrics' | 'text';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

/** The format for a scraper that sends this Accept header. */
export const formatFor = (accept: string | undefined): Format =>
  accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text';

/** Cgroups beyond so many are left out and counted, so that the owner of a delegated subtree cannot fill the store. */
export const MOST_WORKLOADS = 10_000;

/** The rows to export, parents first. No two have the same `id`. */
export function exportedRows({ workloads }: Frame, isWanted: (row: number) => boolean): readonly number[] {
  const seen = new Set<string>();
  return workloads.flatMap((workload, row) => {
    if (!isWanted(row)) return [];
    const id = idLabel(workload);
    if (seen.has(id)) return [];
    seen.add(id);
    return [row];
  });
}

/** All families of the Frame, without the end of the text. `size`: how many bytes to expect. */
export function frameBytes(frame: Frame, rows: readonly number[], format: Format, size = 0): Buffer {
  const bytes = createBytes(size);
  const shown = rows.slice(0, MOST_WORKLOADS);
  // Where there are pods, the exporter may be in one, and is scraped with the labels of that.
  const hasPods = shown.some((row) => frame.workloads[row]?.pod !== undefined);
  const texts = shown.flatMap((row): RowTexts[] => {
    const workload = frame.workloads[row];
    return workload ? [textsOf(workload, row, hasPods)] : [];
  });
  addInfo(bytes, texts, format);
  for (const family of FAMILIES) addFamily(bytes, family, frame, texts, format);
  bytes.text(hostText(frame, rows.length - shown.length, format));
  return bytes.done();
}

/** What the series of a workload have in common. */
interface WorkloadTexts {
  /** `{id="/a",name="a"`: a label more may follow. */
  readonly open: Buffer;
  /** `{id="/a",name="a"} `: the value follows. */
  readonly closed: Buffer;
  /** The line that says what it is. */
  readonly info: Buffer;
  readonly hasPods: boolean;
}

interface RowTexts extends WorkloadTexts {
  readonly row: number;
}

/** A workload is the same object in every Frame until something else is told of it. */
const TEXTS = new WeakMap<Workload, WorkloadTexts>();

function textsOf(workload: Workload, row: number, hasPods: boolean): RowTexts {
  const known = TEXTS.get(workload);
  if (known?.hasPods === hasPods) return { ...known, row };
  const series = seriesLabels(workload);
  const open = labelText(hasPods ? withoutTarget(series) : series);
  const more = labelText(infoLabels(workload)).slice(1);
  const texts = {
    open: Buffer.from(open),
    closed: Buffer.from(`${open}} `),
    info: Buffer.from(`${INFO_SAMPLE}${open}${more === '' ? '' : `,${more}`}} 1\n`),
    hasPods,
  };
  TEXTS.set(workload, texts);
  return { ...texts, row };
}

const INFO_SAMPLE = 'tscg_workload_info';

/** What ends an exposition. */
export const endText = (format: Format): string => (format === 'openmetrics' ? '# EOF\n' : '');

interface Head extends Pick<Family, 'name' | 'help' | 'unit'> {
  readonly type: string;
}

/** HELP, TYPE and UNIT of a family. */
function headText({ name, type, help, unit }: Head, format: Format): string {
  const isOpen = format === 'openmetrics';
  const named = isOpen ? name : sampleName({ name, type });
  // Only OpenMetrics escapes the quote.
  const text = isOpen ? openMetricsText(help) : openMetricsText(help).replaceAll('\\"', '"');
  return `# HELP ${named} ${text}\n# TYPE ${named} ${type}\n${isOpen && unit ? `# UNIT ${named} ${unit}\n` : ''}`;
}

const sampleName = ({ name, type }: Pick<Head, 'name' | 'type'>): string =>
  type === 'counter' ? `${name}_total` : name;

/** Adds the head and samples of a family; nothing where no row has a figure. */
function addFamily(bytes: Bytes, family: Family, { usage }: Frame, texts: readonly RowTexts[], format: Format): void {
  const figures = family.figures(usage);
  const name = Buffer.from(sampleName(family));
  let isFirst = true;
  const [tag, taggedBy] = family.tag ?? [];
  for (const { row, open, closed } of texts) {
    const value = figures[row] ?? Number.NaN;
    const tagged = taggedBy?.(usage, row);
    if (Number.isNaN(value) || (tag !== undefined && tagged === undefined)) continue;
    if (isFirst) bytes.text(headText(family, format));
    isFirst = false;
    if (tag === undefined) bytes.line(name, closed, numberText(value));
    else bytes.line(name, open, `,${tag}="${tagged}"} ${numberText(value)}`);
  }
}

/** What each workload is: an info family of OpenMetrics; in the older format a gauge. */
function addInfo(bytes: Bytes, texts: readonly RowTexts[], format: Format): void {
  const [name, type] = format === 'openmetrics' ? ['tscg_workload', 'info'] : [INFO_SAMPLE, 'gauge'];
  bytes.text(`# HELP ${name} What each workload is.\n# TYPE ${name} ${type}\n`);
  for (const { info } of texts) bytes.add(info);
}

function hostText(frame: Frame, leftOut: number, format: Format): string {
  const counted = HOST_FAMILIES.map((family) => ({ ...family, value: family.figure(frame) }));
  const left = {
    name: 'tscg_workloads_left_out',
    type: 'gauge' as const,
    help: `Cgroups beyond ${MOST_WORKLOADS}, of which nothing is exported.`,
    value: leftOut,
  };
  return [...counted, left]
    .filter(({ value }) => !Number.isNaN(value))
    .map((family) => `${headText(family, format)}${sampleName(family)} ${numberText(family.value)}\n`)
    .join('');
}

const numberText = (value: number): string => (value === Number.POSITIVE_INFINITY ? '+Inf' : String(value));

/** An instrument of prom-client, as `Registry.getMetricsAsJSON` gives it. */
export interface Instrument {
  /** That of a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
  /** A word, such as `gauge`, though the types of prom-client say that it is a number. */
  readonly type: unknown;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    /** The name of this sample where it is another one: of a histogram's buckets, sum and count. */
    readonly metricName?: string;
  }[];
}

export const instrumentText = ({ name, help, type, values }: Instrument, format: Format): string =>
  headText(
    { name: name.replace(/_total$/, ''), type: String(type), help, ...unitOf(name.replace(/_total$/, '')) },
    format,
  ) +
  values
    .map(({ value, labels, metricName = name }) => {
      const pairs = Object.entries(labels).map(([label, text]) => [label, String(text)] as const);
      return `${metricName}${pairs.length === 0 ? '' : `${labelText(pairs)}}`} ${numberText(value)}\n`;
    })
    .join('');
