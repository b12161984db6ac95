/**
 * What a limit would have done to what a workload used, from samples of it. Samples say how much was used between two
 * instants, not when: each answer is a range that holds the truth whatever happened in between; pure.
 */

import { USEC_PER_SECOND } from '../kernel/time-units.ts';

/** A range in which the true value lies; both ends included. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

export interface CpuSample {
  /** Seconds of a monotonic clock. */
  readonly time: number;
  /** Microseconds of CPU so far. */
  readonly usage: number;
}

export interface CpuLimit {
  /** CPUs. */
  readonly quota: number;
  /** Seconds in which the quota is counted: cpu.max's period. */
  readonly period: number;
  /** Most CPUs that it can use at once. */
  readonly cpus: number;
}

export interface CpuWhatIf {
  /** Seconds that the samples cover, and how many stretches between two of them. */
  readonly seconds: number;
  readonly samples: number;
  /** CPUs used on average, and in the stretch that used most. */
  readonly meanCpus: number;
  readonly mostCpus: number;
  /** Periods in which it used more than the quota: so often it would have been throttled, of `periods`. */
  readonly throttledPeriods: Span;
  readonly periods: number;
  /** CPU seconds that it used beyond the quota of their period. */
  readonly excess: Span;
  /** Seconds by which its work would have been late at the worst moment, had it all been done in its turn. */
  readonly delay: Span;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** CPU seconds. */
  readonly used: number;
}

/** Stretches over which the counter went back (another cgroup), or the clock did not move, are left out. */
function stretchesOf(samples: readonly CpuSample[]): Stretch[] {
  return samples.slice(1).flatMap((sample, index) => {
    const before = samples[index];
    if (!before || !(sample.time > before.time) || !(sample.usage >= before.usage)) return [];
    return [{ from: before.time, to: sample.time, used: (sample.usage - before.usage) / USEC_PER_SECOND }];
  });
}

/** Counters are read to the microsecond; sums of them are compared with so much room. */
const ROUNDING = 1e-9;

export function cpuWhatIf(samples: readonly CpuSample[], limit: CpuLimit): CpuWhatIf {
  const { quota, period, cpus } = limit;
  const stretches = stretchesOf(samples);
  const seconds = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const used = stretches.reduce((sum, stretch) => sum + stretch.used, 0);
  const each = quota * period;
  /** What one period can hold beyond its quota. */
  const most = Math.max(0, cpus - quota) * period;
  const sureExcess = most > 0 ? sureExcessOf(stretches, quota, period) : 0;
  // Each throttled period holds no more than `most` of it.
  const surePeriods = most > 0 ? Math.ceil(sureExcess / most - ROUNDING) : 0;
  let [possibleExcess, possibleUse, possiblePeriods] = [0, 0, 0];
  stretches.forEach((stretch, index) => {
    if (most === 0 || mostInPeriod(stretches, index, period) <= each + ROUNDING) return;
    possibleExcess += stretch.used * (1 - quota / cpus);
    possibleUse += stretch.used;
    possiblePeriods += Math.ceil((stretch.to - stretch.from) / period - ROUNDING) + 1;
  });
  return {
    seconds,
    samples: stretches.length,
    meanCpus: used / seconds,
    mostCpus: stretches.reduce((high, { from, to, used: own }) => Math.max(high, own / (to - from)), 0),
    throttledPeriods: {
      least: surePeriods,
      // A period that is throttled has used up its quota: so there are no more of them than quotas in what was used.
      most: Math.max(surePeriods, Math.min(possiblePeriods, Math.floor(possibleUse / each + ROUNDING))),
    },
    periods: Math.round(seconds / period),
    excess: { least: sureExcess, most: Math.max(sureExcess, possibleExcess) },
    delay: delayOf(stretches, limit),
  };
}

/**
 * What was used beyond all that the periods can give which touch a run of stretches, wherever the periods begin: at most
 * `seconds / period + 2` of them. The largest sum over runs that do not overlap.
 */
function sureExcessOf(stretches: readonly Stretch[], quota: number, period: number): number {
  let [outside, inside] = [0, Number.NEGATIVE_INFINITY];
  let end = Number.NaN;
  for (const { from, to, used } of stretches) {
    // What was used in a gap is not known, nor is a run that reaches over it.
    if (from > end) inside = Number.NEGATIVE_INFINITY;
    end = to;
    const beyond = used - quota * (to - from);
    inside = Math.max(inside, outside - 2 * quota * period) + beyond;
    outside = Math.max(outside, inside);
  }
  return outside > ROUNDING ? outside : 0;
}

/** The most that any period can hold of which a part lies in the stretch: all of every stretch that such a period touches. */
function mostInPeriod(stretches: readonly Stretch[], index: number, period: number): number {
  let high = 0;
  // The period ends in stretch `last`, at its end at the latest, so it begins one period before that stretch begins at the
  // earliest.
  for (let last = index; last < stretches.length; last++) {
    const end = stretches[last];
    const own = stretches[index];
    if (!end || !own || end.from >= own.to + period) break;
    let sum = 0;
    for (let at = last; at >= 0; at--) {
      const stretch = stretches[at];
      if (!stretch || stretch.to <= end.from - period + ROUNDING) break;
      sum += stretch.used;
    }
    high = Math.max(high, sum);
  }
  return high;
}

/**
 * The longest queue of a server that does `quota` CPU seconds a second: the most that came in any stretch of time beyond
 * what it does in that time. `least` looks at whole stretches between samples, and the quota of the periods in which they
 * begin and end is given in advance; for `most` all of the first one came at its end and all of the last one at its beginning.
 */
function delayOf(stretches: readonly Stretch[], { quota, period }: CpuLimit): Span {
  let [queue, least, most] = [0, 0, 0];
  let ending = 0;
  let before = stretches[0]?.from ?? 0;
  for (const { to, used } of stretches) {
    const done = quota * (to - before);
    before = to;
    most = Math.max(most, used, ending + used);
    ending = Math.max(used, ending + used - done);
    queue = Math.max(0, queue + used - done);
    least = Math.max(least, queue);
  }
  return { least: Math.max(0, least / quota - 2 * period), most: most / quota };
}

export interface MemorySample {
  /** Seconds of a monotonic clock. */
  readonly time: number;
  /** memory.current. */
  readonly bytes: number;
  /** What of it reclaim cannot free; NaN where memory.stat does not tell. */
  readonly kept: number;
}

export interface MemoryWhatIf {
  readonly seconds: number;
  readonly samples: number;
  readonly meanBytes: number;
  readonly mostBytes: number;
  readonly mostKept: number;
  /**
   * Seconds over the limit, which the kernel would have spent on reclaim: between two samples on the same side of it
   * nothing is assumed to have crossed it, where it was crossed the time may be any.
   */
  readonly over: Span;
  /** Seconds in which what cannot be reclaimed was over the limit: it would have been killed, or held at memory.high. */
  readonly short: Span;
  /** How often it went over the limit. */
  readonly crossings: number;
}

export function memoryWhatIf(samples: readonly MemorySample[], limit: number): MemoryWhatIf {
  const known = samples.filter(({ bytes }) => !Number.isNaN(bytes));
  const bytes = known.map((sample) => sample.bytes);
  const kept = known.map((sample) => sample.kept).filter((value) => !Number.isNaN(value));
  const [first, last] = [known[0], known.at(-1)];
  return {
    seconds: first && last ? last.time - first.time : 0,
    samples: known.length,
    meanBytes: bytes.reduce((sum, value) => sum + value, 0) / bytes.length,
    mostBytes: Math.max(...bytes),
    mostKept: kept.length === 0 ? Number.NaN : Math.max(...kept),
    over: timeAbove(known, (sample) => sample.bytes > limit),
    short: timeAbove(known, (sample) => sample.kept > limit),
    crossings: known.filter((sample, index) => sample.bytes > limit && !((known[index - 1]?.bytes ?? 0) > limit))
      .length,
  };
}

/** `least`: between two samples that are both above; `most`: between two of which one is. */
function timeAbove(samples: readonly MemorySample[], isAbove: (sample: MemorySample) => boolean): Span {
  let [least, most] = [0, 0];
  samples.slice(1).forEach((sample, index) => {
    const before = samples[index];
    if (!before) return;
    const seconds = sample.time - before.time;
    const ends = [before, sample].filter(isAbove).length;
    if (ends === 2) least += seconds;
    if (ends > 0) most += seconds;
  });
  return { least, most };
}
