/**
 * The size of what the selected row wrote, measured in the background while it is shown: begun when the row was looked at
 * for a moment, again at a pace that leaves the disk in peace, and broken off when another one is selected.
 */

import { growthOf, type Measured, type MeasureOptions, measureTree } from '../metrics/disk-usage/measure.ts';
import type { TreeSize } from '../metrics/disk-usage/walk.ts';
import { errorText } from '../text/error-text.ts';

/** What is known of the size of one directory. */
export interface Written {
  /** The last measurement that came to its end. */
  readonly last?: Measured;
  /** Milliseconds since its end. */
  readonly age?: number;
  /** Bytes per second between the last two; NaN before the second. */
  readonly growth: number;
  /** How far the measurement that is under way has come. */
  readonly soFar?: TreeSize;
  /** Why the last one failed. */
  readonly reason?: string;
}

export interface WrittenMeasurer {
  /** What is shown now; undefined for nothing. `mayBegin`: not while the display is held. */
  follow(directory: string | undefined, mayBegin: boolean): void;
  /** undefined for another directory than the one that is followed. */
  of(directory: string | undefined): Written | undefined;
}

export interface MeasurerOptions {
  /** A measurement ended. */
  readonly onNews: () => void;
  /** `measureTree`, for tests. */
  readonly measure?: (directory: string, options: MeasureOptions) => Promise<Measured>;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly now?: () => number;
}

/** Milliseconds that a row is selected before it is measured: who walks through the table measures nothing. */
const SETTLED_MS = 500;
/** The pause between two measurements lasts so long, and at least REST times as long as the last one took. */
const PACE_MS = 10_000;
const REST = 3;
/** The share of one CPU that a measurement may take, at the lowest priority. */
const SHARE = 0.25;

interface Followed {
  readonly directory: string;
  readonly cancel: AbortController;
  /** When the next measurement begins, and when the last one ended. */
  due: number;
  ended: number;
  written: Written;
}

export function createWrittenMeasurer(options: MeasurerOptions): WrittenMeasurer {
  const { onNews, measure = measureTree, now = () => performance.now() } = options;
  let followed: Followed | undefined;
  let isMeasuring = false;

  async function begin(of: Followed): Promise<void> {
    isMeasuring = true;
    const began = now();
    const { last, growth } = of.written;
    const kept = { ...(last ? { last } : {}), growth };
    try {
      const size = await measure(of.directory, {
        share: SHARE,
        signal: of.cancel.signal,
        onProgress: (soFar) => {
          of.written = { ...kept, soFar };
        },
      });
      of.written = { last: size, growth: growthOf(last, size) };
    } catch (error) {
      of.written = { growth: Number.NaN, reason: errorText(error) };
    } finally {
      isMeasuring = false;
      of.ended = now();
      of.due = of.ended + Math.max(PACE_MS, REST * (of.ended - began));
    }
    if (of === followed) onNews();
  }

  return {
    follow(directory, mayBegin) {
      if (followed?.directory !== directory) {
        followed?.cancel.abort();
        followed =
          directory === undefined
            ? undefined
            : {
                directory,
                cancel: new AbortController(),
                due: now() + SETTLED_MS,
                ended: Number.NaN,
                written: { growth: Number.NaN },
              };
      }
      if (followed && mayBegin && !isMeasuring && now() >= followed.due) void begin(followed);
    },
    of: (directory) => {
      if (!followed || followed.directory !== directory) return undefined;
      const { written, ended } = followed;
      return written.last ? { ...written, age: now() - ended } : written;
    },
  };
}
