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
import { numberText, openMetricsText } from '../text/openmetrics.ts';
import { qualityOf } from './accept.ts';
import { type Bytes, createBytes } from './bytes.ts';
import { FAMILIES, type Family, INFO_SERIES, sampleName, unitOf } from './families.ts';
import { HOST_FAMILIES } from './host-families.ts';
import { idLabel, infoLabels, labelText, seriesLabels, withoutTarget } from './labels.ts';
import { addSamples, type ExportedSeries, type SeriesTexts, samplesOf, type WrittenSamples } from './samples.ts';

export type Format = 'openmetrics' | 'text';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

/** The format for a scraper that sends this Accept header. */
export function formatFor(accept: string | undefined): Format {
  const [open, text] = [qualityOf('application/openmetrics-text', accept), qualityOf('text/plain', accept)];
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}

/** Cgroups beyond so many are left out and counted, so that the owner of a delegated subtree cannot fill the store. */
export const MOST_WORKLOADS = 10_000;

/** Which workloads are exported. */
export type IsWanted = (workload: Workload) => boolean;

/** The rows to export, parents first. No two have the same `id`. */
export function exportedRows(workloads: readonly Workload[], isWanted: IsWanted): readonly number[] {
  const seen = new Set<string>();
  return workloads.flatMap((workload, row) => {
    if (!isWanted(workload)) return [];
    const id = idLabel(workload);
    if (seen.has(id)) return [];
    seen.add(id);
    return [row];
  });
}

/** The text of a Frame. */
interface Written {
  readonly workloads: Frame['workloads'];
  readonly series: readonly InfoSeries[];
  readonly leftOut: number;
  readonly sections: ReadonlyMap<Family, WrittenSamples>;
  readonly bytes: number;
}

/**
 * Writes the Frames of one source, without the end of the text. A Frame costs what changed in it: the rest is copied from
 * the text of the one before.
 */
export function createWriter(format: Format, isWanted: IsWanted): (frame: Frame) => Buffer {
  const heads = FAMILIES.map((family) => ({
    family,
    head: Buffer.from(headText(family, format)),
    name: Buffer.from(sampleName(family)),
  }));
  let before: Written | undefined;
  return (frame) => {
    const { workloads, usage } = frame;
    const known = before?.workloads === workloads ? before : undefined;
    const { series, leftOut } = known ?? seriesOf(workloads, isWanted);
    // What is a little longer than the text before shall not be copied to a larger buffer.
    const bytes = createBytes((before?.bytes ?? 0) * ROOM);
    addInfo(bytes, series, format);
    const added = heads.map(({ family, head, name }) => {
      const start = bytes.length();
      bytes.add(head);
      const samples = samplesOf(family, usage, series);
      const section = addSamples(bytes, name, samples, series, known?.sections.get(family));
      if (bytes.length() === section.start) bytes.cut(start);
      return { family, ...section };
    });
    bytes.text(hostText(frame, leftOut, format));
    const text = bytes.done();
    const sections = new Map(added.map(({ family, ...section }) => [family, { ...section, text }]));
    before = { workloads, series, leftOut, sections, bytes: text.length };
    return text;
  };
}

const ROOM = 1.02;

interface InfoTexts extends SeriesTexts {
  /** The line that says what it is. */
  readonly info: Buffer;
  readonly hasPods: boolean;
}

type InfoSeries = ExportedSeries & InfoTexts;

function seriesOf(workloads: readonly Workload[], isWanted: IsWanted): Pick<Written, 'series' | 'leftOut'> {
  const rows = exportedRows(workloads, isWanted);
  const shown = rows.slice(0, MOST_WORKLOADS);
  // Where there are pods, the exporter may be in one, and is scraped with the labels of that.
  const hasPods = shown.some((row) => workloads[row]?.pod !== undefined);
  const series = shown.flatMap((row): InfoSeries[] => {
    const workload = workloads[row];
    return workload ? [{ ...textsOf(workload, hasPods), row }] : [];
  });
  return { series, leftOut: rows.length - shown.length };
}

/** A workload is the same object in every Frame until something else is told of it. */
const TEXTS = new WeakMap<Workload, InfoTexts>();

function textsOf(workload: Workload, hasPods: boolean): InfoTexts {
  const known = TEXTS.get(workload);
  if (known?.hasPods === hasPods) return known;
  const labels = seriesLabels(workload);
  const open = labelText(hasPods ? withoutTarget(labels) : labels);
  const more = labelText(infoLabels(workload)).slice(1);
  const texts = {
    open: Buffer.from(open),
    closed: Buffer.from(`${open}} `),
    info: Buffer.from(`${INFO_SERIES}${open}${more === '' ? '' : `,${more}`}} 1\n`),
    hasPods,
  };
  TEXTS.set(workload, texts);
  return texts;
}

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

/** What each workload is: an info family of OpenMetrics; in the older format a gauge. */
function addInfo(bytes: Bytes, series: readonly InfoSeries[], format: Format): void {
  const [name, type] = format === 'openmetrics' ? ['tscg_workload', 'info'] : [INFO_SERIES, 'gauge'];
  bytes.text(`# HELP ${name} What each workload is.\n# TYPE ${name} ${type}\n`);
  for (const { info } of series) bytes.add(info);
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
