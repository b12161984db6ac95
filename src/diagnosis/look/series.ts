/** What the samplers read, as the series of a look: who was running or ready at each instant, and what was used by each tick. */

import { join } from 'node:path';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import type { SampledFile, SampledRounds } from '../../kernel/native.ts';
import { HOST, KERNEL, type Seen, type Ticks } from './model.ts';
import { CPU_UNIT, openSampler, WCHAN_UNIT } from './sampler.ts';

/** A thread, or a whole cgroup whose threads live too briefly to be followed one by one. */
export interface SampledThread {
  readonly tid: number;
  readonly key: string;
}

const INSTANT_MS = 1000 / 60;
const TICK_MS = 50;
/** The share of one CPU that each sampler may use: where its rounds cost more, it makes fewer of them. */
const INSTANT_SHARE = 0.03;
const TICK_SHARE = 0.015;

const MASK_BITS = 52;
const RUNNING = 'R'.charCodeAt(0);
const BLOCKED = 'D'.charCodeAt(0);

const taskFile = (proc: string, tid: number, file: string): string => `${proc}/${tid}/task/${tid}/${file}`;

export interface Instants {
  /** Samples these from now on. */
  follow(threads: readonly SampledThread[], fleeting: ReadonlySet<string>): void;
  readonly all: readonly (readonly Seen[])[];
  close(): void;
}

export interface SeriesOptions {
  readonly proc: string;
  readonly mount: string;
  /** Multiplies the share of a CPU that a sampler may use, for an emulated CPU, which is slow. 1 if absent. */
  readonly allowance?: number;
}

export function openInstants({ proc, mount, allowance = 1 }: SeriesOptions): Instants {
  const sampler = openSampler(INSTANT_MS, INSTANT_SHARE * allowance);
  const all: Seen[][] = [];
  let threads: readonly SampledThread[] = [];
  let groups: readonly string[] = [];

  function take({ times, values, names }: SampledRounds): void {
    const width = threads.length + groups.length;
    times.forEach((_, round) => {
      const seen: Seen[] = [];
      threads.forEach(({ tid, key }, index) => {
        const one = seenOf(tid, key, values[round * width + index] ?? Number.NaN, names);
        if (one) seen.push(one);
      });
      groups.forEach((key, index) => {
        seen.push(...seenInMask(key, index, values[round * width + threads.length + index] ?? 0));
      });
      all.push(seen);
    });
  }

  return {
    follow(nextThreads, fleeting) {
      const next = [...fleeting];
      const rounds = sampler.follow([
        ...nextThreads.map(({ tid }): SampledFile => ({ path: taskFile(proc, tid, 'stat'), take: 'thread-state' })),
        ...next.map((key): SampledFile => ({ path: join(mount, key, 'cgroup.threads'), take: 'runnable', key: proc })),
      ]);
      take(rounds);
      threads = nextThreads;
      groups = next;
    },
    all,
    close: () => sampler.close(),
  };
}

function seenOf(tid: number, key: string, value: number, names: readonly string[]): Seen | undefined {
  if (Number.isNaN(value)) return undefined;
  const letter = value % CPU_UNIT;
  const cpu = Math.floor(value / CPU_UNIT) % (WCHAN_UNIT / CPU_UNIT);
  if (letter === RUNNING) return { tid, key, state: 'R', cpu };
  if (letter !== BLOCKED) return undefined;
  const wchan = names[Math.floor(value / WCHAN_UNIT) - 1];
  return { tid, key, state: 'D', cpu, ...(wchan !== undefined && { wchan }) };
}

/** The mask tells no thread ids: a made-up id for each CPU stands for the thread that ran there. */
function seenInMask(key: string, group: number, mask: number): Seen[] {
  const seen: Seen[] = [];
  for (let cpu = 0; cpu < MASK_BITS && mask > 0; cpu++) {
    if (Math.floor(mask / 2 ** cpu) % 2 === 1) seen.push({ tid: -1 - group * MASK_BITS - cpu, key, state: 'R', cpu });
  }
  return seen;
}

export interface TickSeries {
  /**
   * `roots`: threads of the root cgroup that do something. Their own times are read, as cpu.stat of the root counts in clock
   * ticks.
   */
  follow(active: readonly string[], roots: readonly SampledThread[]): void;
  ticks(): Ticks;
  close(): void;
}

export function openTicks(options: SeriesOptions, victims: readonly string[], hasLocal: boolean): TickSeries {
  const { proc, mount, allowance = 1 } = options;
  const sampler = openSampler(TICK_MS, TICK_SHARE * allowance);
  const times: number[] = [];
  const usage = new Map<string, number[]>();
  const full = new Map<string, number[]>(victims.map((path) => [path, []]));
  const throttled = new Map<string, number[]>(victims.map((path) => [path, []]));
  /** Microseconds that the root cgroup's own threads were seen to run. */
  const rooted = new Map([HOST, KERNEL].map((key) => [key, 0]));
  let layout: readonly { readonly file: SampledFile; readonly put: (value: number) => void }[] = [];

  const pad = (values: number[]): number[] => {
    while (values.length < times.length) values.push(Number.NaN);
    return values;
  };

  /** Which files each round reads. The files of a cgroup above two victims are read once. */
  function layoutOf(active: readonly string[], roots: readonly SampledThread[]): typeof layout {
    const of = (path: string, file: string, take: SampledFile['take'], key: string): SampledFile => ({
      path: join(mount, path, file),
      take,
      key,
    });
    const used = [...new Set([...active, ...victims])].map((path) => ({
      file: of(path, 'cpu.stat', 'flat', 'usage_usec'),
      put: (value: number) => void pad(seriesOf(usage, path)).push(value),
    }));
    const stalled = victims.map((path) => ({
      file: of(path, 'cpu.pressure', 'total', 'full'),
      put: (value: number) => void pad(seriesOf(full, path)).push(value),
    }));
    const limited = victims.flatMap((path) => {
      // Without cpu.stat.local (before 6.6) the quotas of the ancestors bound what a victim was throttled.
      const places = hasLocal ? [path] : [path, ...ancestorsOf(path)];
      return places.map((at, index) => ({
        file: of(at, hasLocal ? 'cpu.stat.local' : 'cpu.stat', 'flat', 'throttled_usec'),
        put: (value: number) => {
          const series = seriesOf(throttled, path);
          if (index === 0) pad(series).push(value);
          else if (value > 0) series[series.length - 1] = (series.at(-1) || 0) + value;
        },
      }));
    });
    const running = roots.map(({ tid, key }) => {
      let last = Number.NaN;
      return {
        file: { path: taskFile(proc, tid, 'schedstat'), take: 'number' } as const,
        put: (value: number) => {
          const ran = value - last;
          last = value;
          if (ran > 0) rooted.set(key, (rooted.get(key) ?? 0) + ran / 1000);
        },
      };
    });
    return [...used, ...stalled, ...limited, ...running];
  }

  function take({ times: rounds, values }: SampledRounds): void {
    rounds.forEach((time, round) => {
      layout.forEach(({ put }, index) => {
        put(values[round * layout.length + index] ?? Number.NaN);
      });
      for (const [key, usec] of rooted) pad(seriesOf(usage, key)).push(usec);
      times.push(time);
    });
  }

  return {
    follow(active, roots) {
      const next = layoutOf(active, roots);
      take(sampler.follow(next.map(({ file }) => file)));
      layout = next;
    },
    ticks() {
      for (const values of [...usage.values(), ...full.values(), ...throttled.values()]) pad(values);
      return { times, usage, full, throttled };
    },
    close: () => sampler.close(),
  };
}

function seriesOf(all: Map<string, number[]>, key: string): number[] {
  const known = all.get(key);
  if (known) return known;
  const fresh: number[] = [];
  all.set(key, fresh);
  return fresh;
}
