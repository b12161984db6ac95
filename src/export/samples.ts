/**
 * The samples of a family: a line for each workload that has a figure. Lines that are those of the Frame before are copied from
 * its text, as many at once as stand side by side.
 */

import type { Usage } from '../metrics/usage.ts';
import { numberText } from '../text/openmetrics.ts';
import type { Bytes } from './bytes.ts';
import type { Family } from './families.ts';

/** What the series of a workload have in common. */
export interface SeriesTexts {
  /** `{id="/a",name="a"`: a label more may follow. */
  readonly open: Buffer;
  /** `{id="/a",name="a"} `: the value follows. */
  readonly closed: Buffer;
}

/** The series of a row. */
export interface ExportedSeries extends SeriesTexts {
  readonly row: number;
}

export interface Samples {
  /** By row. */
  readonly figures: Float64Array;
  /** The label more, by series: undefined for a series that is left out. */
  readonly tags: readonly (string | undefined)[] | undefined;
}

/** Where samples stand in a text. */
export interface WrittenSamples {
  readonly samples: Samples;
  readonly text: Buffer;
  readonly start: number;
  /** By series: where its line ends, counted from `start`. One without a line ends where the one before does. */
  readonly ends: Uint32Array;
}

export function samplesOf({ figures, tag }: Family, usage: Usage, series: readonly ExportedSeries[]): Samples {
  if (tag === undefined) return { figures: figures(usage), tags: undefined };
  const [name, tagOf] = tag;
  const tags = series.map(({ row }) => {
    const value = tagOf(usage, row);
    return value === undefined ? undefined : `,${name}="${value}"`;
  });
  return { figures: figures(usage), tags };
}

const hasLine = ({ figures, tags }: Samples, { row }: ExportedSeries, index: number): boolean =>
  !Number.isNaN(figures[row] ?? Number.NaN) && (tags === undefined || tags[index] !== undefined);

/** `name`: that of the samples. `before`: of the same family and the same series. */
export function addSamples(
  bytes: Bytes,
  name: Buffer,
  samples: Samples,
  series: readonly ExportedSeries[],
  before: WrittenSamples | undefined,
): Omit<WrittenSamples, 'text'> {
  const { figures, tags } = samples;
  const start = bytes.length();
  if (before && tags === undefined && before.samples.figures === figures) {
    bytes.add(before.text, before.start, before.start + (before.ends.at(-1) ?? 0));
    return { samples, start, ends: before.ends };
  }
  const ends = new Uint32Array(series.length);
  /** Of the text before: where that begins which is not copied yet, and the line of this series. */
  let [from, line] = [before?.start ?? 0, before?.start ?? 0];
  for (let index = 0; index < series.length; index++) {
    const one = series[index];
    if (!one) continue;
    const value = figures[one.row] ?? Number.NaN;
    const next = before ? before.start + (before.ends[index] ?? 0) : 0;
    const isSame =
      before !== undefined &&
      Object.is(value, before.samples.figures[one.row]) &&
      tags?.[index] === before.samples.tags?.[index];
    if (!isSame) {
      if (before) bytes.add(before.text, from, line);
      from = next;
      if (hasLine(samples, one, index)) {
        if (tags === undefined) bytes.line(name, one.closed, numberText(value));
        else bytes.line(name, one.open, `${tags[index]}} ${numberText(value)}`);
      }
    }
    line = next;
    ends[index] = bytes.length() + (line - from) - start;
  }
  if (before) bytes.add(before.text, from, line);
  return { samples, start, ends };
}
