/**
 * The last hour of some metrics of every living row, by inode, for sparklines and charts. The newest samples are kept one
 * by one, older ones as means of several with the largest of them. A figure that never changed takes no memory, and most
 * are such; where the memory for the others runs out, the rows that were shown keep theirs.
 */

import { isSameFigure } from './same-figure.ts';
import type { Usage } from './usage.ts';

export interface History {
  /** Keeps these metrics too from now on. */
  track(ids: Iterable<string>): void;
  /** `visible`: inodes of the rows that are shown. */
  push(usage: Usage, visible: ReadonlySet<number>): void;
  /** So many samples, as far as they are kept: the newest ones, or with `back` those that end so many before the newest. */
  of(inode: number, id: string, samples: number, back?: number): Trace;
}

export interface Trace {
  /** Oldest first; NaN where it was unavailable. */
  readonly values: readonly number[];
  /** The largest sample of what each value stands for. */
  readonly mosts: readonly number[];
  /** Samples that each value is the mean of; the last one may be of fewer. */
  readonly fold: number;
}

/** Samples kept one by one, and as many means. */
export const KEPT = 300;
const HOUR_SECONDS = 3600;
/** 3.6 KB each. */
const MOST_SERIES = 5_000;

interface Series {
  /** The value of every sample from number `since` on. */
  steady: number;
  since: number;
  /** Has what was before; absent where that is not kept. */
  room: Room | undefined;
}

/** Rings: sample n is at n % KEPT, the mean of samples n * fold to (n + 1) * fold at n % KEPT. */
interface Room {
  /** Number of the first sample that is not in the rings yet: a figure that stands still is not written in each tick. */
  end: number;
  readonly samples: Float32Array;
  readonly means: Float32Array;
  readonly mosts: Float32Array;
}

/** Samples in a mean, so that an hour is kept; all of them are among the last KEPT from 0.1 s on. */
const foldOf = (seconds: number): number =>
  Math.min(KEPT, Math.max(1, Math.ceil(HOUR_SECONDS / Math.max(seconds, 0.1) / KEPT)));

export interface HistoryOptions {
  readonly mostSeries?: number;
  /** What is kept by an id. */
  readonly figuresOf?: (usage: Usage, id: string) => Float64Array;
}

/** By the number of their values: most rows stand still, and have the same trace. */
const steadyTraces = new Map<number, Trace>();
/** There are as many as there are charts, trends and the like on the screen; young rows have others for a while. */
const MOST_STEADY_TRACES = 8;

function steadyTrace(value: number, count: number, fold: number): Trace {
  const last = steadyTraces.get(count);
  if (last && Object.is(last.values[0], value) && last.fold === fold) return last;
  const values = new Array<number>(Math.max(0, count)).fill(value);
  if (steadyTraces.size >= MOST_STEADY_TRACES) steadyTraces.clear();
  const trace = { values, mosts: values, fold };
  steadyTraces.set(count, trace);
  return trace;
}

/** `seconds`: the time between two samples. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createHistory(
  kept: readonly string[],
  seconds: number,
  { mostSeries = MOST_SERIES, figuresOf = ({ column }, id) => column(id) }: HistoryOptions = {},
): History {
  const ids = [...kept];
  const fold = foldOf(seconds);
  const series = new Map<number, Series[]>();
  /** Series that have a room. First the one that has not been shown for longest, but for those of `shown`. */
  const roomy = new Set<Series>();
  /** Inodes of the rows that are shown. */
  let shown: ReadonlySet<number> = new Set();
  /** Whether the series of `shown` are the last ones of `roomy`. */
  let areShownLast = false;
  let rows: Usage['snapshot']['rows'] = [];
  /** Series of each row. */
  let listed: readonly Series[][] = [];
  /** By id, the figures of the last sample. */
  let last: readonly Float64Array[] = [];
  /** Number of the next sample. */
  let next = 0;

  const unknown = (): Series => ({ steady: Number.NaN, since: next, room: undefined });

  /** The value is another one than that of the last sample. */
  function record(one: Series, value: number, isVisible: boolean): void {
    if (one.room === undefined && !Number.isNaN(one.steady)) {
      if (roomy.size >= mostSeries && isVisible) takeRoom();
      if (roomy.size < mostSeries) {
        one.room = roomFor(one);
        roomy.add(one);
      }
    }
    catchUp(one);
    one.steady = value;
    one.since = next;
  }

  /** Puts every sample before the next one into the rings. */
  function catchUp({ room, steady }: Series): void {
    if (!room) return;
    // Whatever is older has no place in them any more.
    const oldest = Math.floor(next / fold - KEPT) * fold;
    for (let at = Math.max(room.end, oldest); at < next; at++) {
      room.samples[at % KEPT] = steady;
      if ((at + 1) % fold !== 0) continue;
      const { mean, most } = summary(room, at + 1 - fold, at + 1);
      const place = ((at + 1) / fold - 1) % KEPT;
      room.means[place] = mean;
      room.mosts[place] = most;
    }
    room.end = next;
  }

  /** `before`: the figures of the last sample, in the same rows. */
  function recordChanges(
    index: number,
    figures: Float64Array,
    before: Float64Array | undefined,
    visible: ReadonlySet<number>,
  ): void {
    if (figures === before) return;
    for (let row = 0; row < rows.length; row++) {
      const figure = figures[row] ?? Number.NaN;
      if (before && isSameFigure(before[row] ?? Number.NaN, figure)) continue;
      const one = listed[row]?.[index];
      const value = Math.fround(figure);
      if (one && !isSameFigure(one.steady, value)) record(one, value, visible.has(rows[row]?.inode ?? -1));
    }
  }

  function takeRoom(): void {
    if (!areShownLast) putShownLast();
    areShownLast = true;
    const [longest] = roomy;
    if (!longest) return;
    roomy.delete(longest);
    longest.room = undefined;
  }

  function putShownLast(): void {
    for (const inode of shown) {
      for (const one of series.get(inode) ?? []) if (one.room && roomy.delete(one)) roomy.add(one);
    }
  }

  function roomFor({ steady, since }: Series): Room {
    const ring = (first: number, end: number): Float32Array => {
      const values = new Float32Array(KEPT).fill(Number.NaN);
      for (let at = Math.max(first, end - KEPT); at < end; at++) values[at % KEPT] = steady;
      return values;
    };
    const [firstMean, endMean] = [Math.floor(since / fold), Math.floor(next / fold)];
    return { end: next, samples: ring(since, next), means: ring(firstMean, endMean), mosts: ring(firstMean, endMean) };
  }

  /** Of the samples from `first` to before `end`, all of them kept. */
  function summary({ samples }: Room, first: number, end: number): { mean: number; most: number } {
    let [sum, known, most] = [0, 0, Number.NaN];
    for (let at = first; at < end; at++) {
      const value = samples[at % KEPT] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      known++;
      if (!(value <= most)) most = value;
    }
    return { mean: known > 0 ? sum / known : Number.NaN, most };
  }

  function follow(living: Usage['snapshot']['rows']): void {
    const inodes = new Set(living.map(({ inode }) => inode));
    for (const inode of inodes) {
      if (!series.has(inode))
        series.set(
          inode,
          ids.map(() => unknown()),
        );
    }
    listed = living.map(({ inode }) => series.get(inode) ?? []);
    for (const [inode, gone] of series) {
      if (inodes.has(inode)) continue;
      series.delete(inode);
      for (const one of gone) roomy.delete(one);
    }
  }

  return {
    track: (wanted) => {
      for (const id of wanted) {
        if (ids.includes(id)) continue;
        ids.push(id);
        for (const list of series.values()) list.push(unknown());
      }
    },
    push: (usage, visible) => {
      const { snapshot } = usage;
      const isSameRows = snapshot.rows === rows;
      if (!isSameRows) follow(snapshot.rows);
      rows = snapshot.rows;
      if (visible !== shown) putShownLast();
      shown = visible;
      areShownLast = false;
      const columns = ids.map((id) => figuresOf(usage, id));
      for (const [index, figures] of columns.entries())
        recordChanges(index, figures, isSameRows ? last[index] : undefined, visible);
      last = columns;
      next++;
    },
    of: (inode, id, samples, back = 0) => {
      const one = series.get(inode)?.[ids.indexOf(id)];
      const isFine = samples + back <= KEPT || fold === 1;
      if (!one) return { values: [], mosts: [], fold: isFine ? 1 : fold };
      const { room, since, steady } = one;
      const end = isFine ? next - back : Math.ceil((next - back) / fold);
      const wanted = Math.min(KEPT, isFine ? samples : Math.ceil(samples / fold));
      const first = Math.max(0, end - wanted, room ? 0 : isFine ? since : Math.floor(since / fold));
      if (since <= first * (isFine ? 1 : fold) || !room) return steadyTrace(steady, end - first, isFine ? 1 : fold);
      catchUp(one);
      if (isFine) {
        const values: number[] = [];
        for (let at = first; at < end; at++) values.push(room.samples[at % KEPT] ?? Number.NaN);
        // A sample is the mean and the largest of itself.
        return { values, mosts: values, fold: 1 };
      }
      const ring = (pick: 'means' | 'mosts'): number[] =>
        Array.from({ length: Math.max(0, end - first) }, (_, step) => {
          const at = first + step;
          if ((at + 1) * fold <= next) return room[pick][at % KEPT] ?? Number.NaN;
          return summary(room, at * fold, next)[pick === 'means' ? 'mean' : 'most'];
        });
      return { values: ring('means'), mosts: ring('mosts'), fold };
    },
  };
}
