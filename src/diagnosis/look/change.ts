/** Changes over a look, and how much of it something lasted. */

import type { Figure } from '../model.ts';
import type { CloseLook, CpuTime, Group, Mark } from './model.ts';

/** A figure at both ends of the look. */
export const endsOf = (group: Group | undefined, ref: string): readonly [first: number, last: number] => [
  group?.first(ref) ?? Number.NaN,
  group?.last(ref) ?? Number.NaN,
];

/** Change of a counter over the look; NaN where it is not known, or the cgroup was made anew. */
export function changeOf(group: Group | undefined, ref: string): number {
  const change = group ? group.last(ref) - group.first(ref) : Number.NaN;
  return change >= 0 ? change : Number.NaN;
}

/** Microseconds over the look as milliseconds of each second. */
export const msPerSecond = (look: Pick<CloseLook, 'seconds'>, usec: number): number => usec / 1000 / look.seconds;

/**
 * Milliseconds of each second that a CPU was busy. A share of the ticks that it counted: a virtual CPU that is late loses
 * some of them.
 */
export function busyOf({ busy, idle, steal }: CpuTime): number {
  const ticks = busy + idle + steal;
  return ticks > 0 ? (1000 * busy) / ticks : 0;
}

/** Milliseconds of each second of what a victim did between two marks. */
export interface Second {
  readonly seconds: number;
  readonly usage: number;
  readonly cpuSome: number;
  readonly cpuFull: number;
  readonly ioSome: number;
  readonly memorySome: number;
  readonly throttled: number;
  /** Over its threads. */
  readonly ran: number;
  readonly waited: number;
  /** Times a second that one of them got a CPU. */
  readonly turns: number;
}

/** Between each mark and the next; a stretch too short to tell anything is left out. */
export function secondsOf(marks: readonly Mark[]): Second[] {
  return marks.slice(1).flatMap((mark, index) => {
    const before = marks[index];
    return before && mark.time - before.time >= SHORTEST_MS ? [between(before, mark)] : [];
  });
}

const SHORTEST_MS = 300;

/** From the first mark to the last; undefined with fewer than two. */
export function wholeOf(marks: readonly Mark[]): Second | undefined {
  const [first, last] = [marks[0], marks.at(-1)];
  return first && last && last.time > first.time ? between(first, last) : undefined;
}

function between(before: Mark, after: Mark): Second {
  const seconds = (after.time - before.time) / 1000;
  const usec = (key: keyof Mark): number => (after[key] - before[key]) / 1000 / seconds;
  return {
    seconds,
    usage: usec('usage'),
    cpuSome: usec('cpuSome'),
    cpuFull: usec('cpuFull'),
    ioSome: usec('ioSome'),
    memorySome: usec('memorySome'),
    throttled: usec('throttled'),
    ran: (after.ran - before.ran) / seconds,
    waited: (after.waited - before.waited) / seconds,
    turns: (after.turns - before.turns) / seconds,
  };
}

/**
 * 0 to 1: whether something held for long enough. 3 of 5 seconds are all that is asked for, 4 of 10 where it comes in
 * bursts.
 */
export function persistenceOf(seconds: readonly Second[], holds: (second: Second) => boolean): number {
  if (seconds.length === 0) return 0;
  const asked = seconds.length >= 8 ? 0.4 : 0.6;
  return Math.min(1, seconds.filter(holds).length / seconds.length / asked);
}

export const figure = (id: string, value: number, unit: Figure['unit'], source: string): Figure => ({
  id,
  value,
  unit,
  source,
});

/** `312 ms of each second`; `1.25 s of each second` over several CPUs or threads. */
export const ofEachSecond = (ms: number): string =>
  `${ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms)} ms`} of each second`;

export const percentText = (share: number): string => `${Math.round(share * 100)} %`;
