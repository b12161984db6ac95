/**
 * Figures that come by time and are wanted by series. What is more than can be held goes to a temporary file, a chunk at a time,
 * in which the figures of a series stand side by side:
 *
 *     chunk 0: column 0: series 0, series 1, …; column 1: …
 *     chunk 1: …
 */

import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../kernel/error-code.ts';

export interface SeriesStore {
  /** One sample of a series, which has a figure for each column. */
  add(series: number, figureOf: (column: number) => number): void;
  /** In the order in which they came. No sample is added after the first call. */
  figures(series: number, column: number): Float64Array;
  close(): void;
}

export interface SeriesStoreOptions {
  readonly columns: number;
  /** Samples that are held at once. */
  readonly mostHeld: number;
  /** Where the temporary file is made. */
  readonly folder: string;
}

/** Some samples, sorted by series. */
interface Chunk {
  /** By series: where its samples begin, and, behind the last one, where they end. */
  readonly starts: Uint32Array;
  figures(column: number, start: number, end: number): Float64Array;
}

const FIGURE_BYTES = Float64Array.BYTES_PER_ELEMENT;

export function createSeriesStore({ columns, mostHeld, folder }: SeriesStoreOptions): SeriesStore {
  const chunks: Chunk[] = [];
  let held = createHeld(columns, mostHeld);
  let file: TemporaryFile | undefined;

  function write({ starts, figures }: Chunk): void {
    file ??= openTemporaryFile(folder);
    const [at, samples] = [file.size(), starts.at(-1) ?? 0];
    for (let column = 0; column < columns; column++) file.append(figures(column, 0, samples));
    const { read } = file;
    chunks.push({
      starts,
      figures: (column, start, end) => read(at + FIGURE_BYTES * (samples * column + start), end - start),
    });
  }

  return {
    add(series, figureOf) {
      if (held.isFull()) {
        write(held.sorted());
        held = createHeld(columns, mostHeld);
      }
      held.add(series, figureOf);
    },
    figures(series, column) {
      if (!held.isEmpty()) {
        chunks.push(held.sorted());
        held = createHeld(columns, 0);
      }
      return joined(
        chunks.flatMap(({ starts, figures }) => {
          const [start = 0, end = start] = starts.subarray(series, series + 2);
          return end > start ? [figures(column, start, end)] : [];
        }),
      );
    },
    close: () => file?.close(),
  };
}

interface HeldSamples {
  isEmpty(): boolean;
  isFull(): boolean;
  add: SeriesStore['add'];
  sorted(): Chunk;
}

/** Samples in the order in which they came. Memory is taken as it is filled. */
function createHeld(columns: number, most: number): HeldSamples {
  const ofSample: number[] = [];
  const byColumn = Array.from({ length: columns }, () => new Float64Array(most));
  return {
    isEmpty: () => ofSample.length === 0,
    isFull: () => ofSample.length >= most,
    add(series, figureOf) {
      for (let column = 0; column < columns; column++) {
        const figures = byColumn[column];
        if (figures) figures[ofSample.length] = figureOf(column);
      }
      ofSample.push(series);
    },
    sorted() {
      const starts = startsOf(ofSample);
      const next = starts.slice();
      const places = ofSample.map((series) => {
        const place = next[series] ?? 0;
        next[series] = place + 1;
        return place;
      });
      const sorted = byColumn.map((figures) => {
        const inPlace = new Float64Array(places.length);
        for (const [sample, place] of places.entries()) inPlace[place] = figures[sample] ?? Number.NaN;
        return inPlace;
      });
      return { starts, figures: (column, start, end) => sorted[column]?.subarray(start, end) ?? new Float64Array() };
    },
  };
}

/** Where the samples of each series begin once they are sorted. */
function startsOf(ofSample: readonly number[]): Uint32Array {
  const starts = new Uint32Array(ofSample.reduce((most, series) => Math.max(most, series), -1) + 2);
  for (const series of ofSample) starts[series + 1] = (starts[series + 1] ?? 0) + 1;
  for (let series = 1; series < starts.length; series++)
    starts[series] = (starts[series] ?? 0) + (starts[series - 1] ?? 0);
  return starts;
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface TemporaryFile {
  /** Bytes that were appended. */
  size(): number;
  append(figures: Float64Array): void;
  read(offset: number, count: number): Float64Array;
  close(): void;
}

/** A file without a name: it is gone with the program, however that ends. */
function openTemporaryFile(folder: string): TemporaryFile {
  const path = join(folder, `tscg-${randomUUID()}`);
  const fd = told(folder, () => openSync(path, 'wx+', 0o600));
  unlinkSync(path);
  let size = 0;
  return {
    size: () => size,
    append(figures) {
      const bytes = new Uint8Array(figures.buffer, figures.byteOffset, figures.byteLength);
      for (let at = 0; at < bytes.length; )
        at += told(folder, () => writeSync(fd, bytes, at, bytes.length - at, size + at));
      size += bytes.length;
    },
    read(offset, count) {
      const figures = new Float64Array(count);
      const bytes = new Uint8Array(figures.buffer);
      for (let at = 0; at < bytes.length; ) {
        const read = told(folder, () => readSync(fd, bytes, at, bytes.length - at, offset + at));
        if (read === 0) throw new Error(`a temporary file in ${folder} was cut off by somebody`);
        at += read;
      }
      return figures;
    },
    close: () => closeSync(fd),
  };
}

function told<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(
      `what is more than can be held is kept in a temporary file, and ${folder} cannot hold it: ${codeOf(error)} (name another folder in TMPDIR, or less of the recording with --since and --until)`,
    );
  }
}
