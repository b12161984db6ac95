/** What a trial measures in each window, as rates; pure. */

import type { FigureUnit } from '../model.ts';

/** Counters of one cgroup at one instant. NaN: not known. */
export interface PartyReading {
  /** Microseconds so far. */
  readonly usage: number;
  readonly cpuSome: number;
  readonly cpuFull: number;
  readonly ioSome: number;
  readonly memorySome: number;
  /** Bytes and pages so far. */
  readonly ioBytes: number;
  readonly refaults: number;
  /** Forks that failed at pids.max so far. */
  readonly failedForks: number;
  /** Bytes now. */
  readonly memory: number;
  /** Milliseconds that its threads ran, and were ready without a CPU; of the victim only. */
  readonly ran: number;
  readonly waited: number;
}

export interface TrialReading {
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  /** By path; a cgroup that has ended, or has no process any more, is missing. */
  readonly parties: ReadonlyMap<string, PartyReading>;
}

/** Rates of one cgroup over one window: milliseconds, bytes and pages of each second; bytes of memory at its end. */
export type Rates = PartyReading;

export interface TrialWindow {
  readonly pair: number;
  readonly isOn: boolean;
  readonly seconds: number;
  readonly rates: ReadonlyMap<string, Rates>;
}

/** A cgroup that was not there at both ends is left out. */
export function ratesBetween(before: TrialReading, after: TrialReading): Map<string, Rates> {
  const seconds = (after.time - before.time) / 1000;
  const rates = new Map<string, Rates>();
  for (const [path, last] of after.parties) {
    const first = before.parties.get(path);
    if (!first) continue;
    const change = (key: keyof PartyReading): number => {
      const grown = last[key] - first[key];
      return grown >= 0 ? grown / seconds : Number.NaN;
    };
    rates.set(path, {
      usage: change('usage') / 1000,
      cpuSome: change('cpuSome') / 1000,
      cpuFull: change('cpuFull') / 1000,
      ioSome: change('ioSome') / 1000,
      memorySome: change('memorySome') / 1000,
      ioBytes: change('ioBytes'),
      refaults: change('refaults'),
      failedForks: change('failedForks'),
      memory: last.memory,
      ran: change('ran'),
      waited: change('waited'),
    });
  }
  return rates;
}

/** The resources whose limits a trial can judge. */
export type TrialResource = 'cpu' | 'io' | 'memory';

/** How the victim's loss is measured. */
export interface LossMeasure {
  readonly id: string;
  readonly key: keyof Rates;
  readonly unit: FigureUnit;
  /** As in `it … for 312 ms of each second`, or `312 pages of it were …`. */
  readonly words: string;
  readonly source: string;
}

const RUN_DELAY: LossMeasure = {
  id: 'run_delay',
  key: 'waited',
  unit: 'ms_per_second',
  words: 'waits for a CPU',
  source: 'Δ run delay of its threads, /proc/PID/task/TID/schedstat',
};
const CPU_SOME: LossMeasure = {
  id: 'psi_cpu_some',
  key: 'cpuSome',
  unit: 'ms_per_second',
  words: 'waits for a CPU',
  source: 'Δ cpu.pressure some total',
};
const IO_SOME: LossMeasure = {
  id: 'psi_io_some',
  key: 'ioSome',
  unit: 'ms_per_second',
  words: 'waits for io',
  source: 'Δ io.pressure some total',
};
const MEMORY_SOME: LossMeasure = {
  id: 'psi_memory_some',
  key: 'memorySome',
  unit: 'ms_per_second',
  words: 'waits for memory',
  source: 'Δ memory.pressure some total',
};
const REFAULTS: LossMeasure = {
  id: 'refaults',
  key: 'refaults',
  unit: 'per_second',
  words: 'reads pages again that were reclaimed',
  source: 'Δ memory.stat workingset_refault_anon + workingset_refault_file',
};

/** The loss that the verdicts about a CPU go by: it holds being throttled, and not waiting behind its own threads. */
export const CPU_FULL: LossMeasure = {
  id: 'psi_cpu_full',
  key: 'cpuFull',
  unit: 'ms_per_second',
  words: 'stands still for want of a CPU',
  source: 'Δ cpu.pressure full total',
};

export const FAILED_FORKS: LossMeasure = {
  id: 'pids_events',
  key: 'failedForks',
  unit: 'per_second',
  words: 'cannot fork',
  source: 'Δ pids.events max',
};

/**
 * The share of the victim's CPU time for which the threads that were read must account, if their run delay is to stand for its
 * waiting. Threads of a victim that forks much end between two reads.
 */
const EXPLAINED = 0.5;
/**
 * cpu.pressure is the time in which any thread waits, run delay the sum over all threads. Where the sum is so many times as much,
 * several threads wait at once, which pressure does not show. Else pressure is the more exact of the two for one window: the
 * kernel adds a wait to run delay only when it ends.
 */
const TOGETHER = 1.5;
/**
 * Milliseconds of each second from which on memory.pressure tells the loss. A victim that reads files in a loop hardly shows
 * there, but its refaults do.
 */
const PRESSED = 50;

/**
 * Chosen by sums over all windows, which are the same whichever of them had the limit: so the choice favours no answer.
 * `victim`: its rates in each window.
 */
export function lossMeasure(resource: TrialResource, victim: readonly Rates[]): LossMeasure {
  const total = (key: keyof Rates): number => victim.reduce((sum, rates) => sum + rates[key], 0);
  switch (resource) {
    case 'cpu':
      return (total('ran') >= EXPLAINED * total('usage') && total('waited') >= TOGETHER * total('cpuSome')) ||
        Number.isNaN(total('cpuSome'))
        ? RUN_DELAY
        : CPU_SOME;
    case 'io':
      return IO_SOME;
    case 'memory': {
      const isPressed = total('memorySome') >= PRESSED * victim.length;
      return isPressed || Number.isNaN(total('refaults')) ? MEMORY_SOME : REFAULTS;
    }
  }
}

/** How the loss of third parties is measured: by pressure, which costs one small file each. */
export const pressureOf: Readonly<Record<TrialResource, LossMeasure>> = {
  cpu: CPU_SOME,
  io: IO_SOME,
  memory: MEMORY_SOME,
};

/** What a limit of the resource takes from the workload that has it. */
export const useOf: Readonly<
  Record<TrialResource, { readonly key: keyof Rates; readonly unit: FigureUnit; readonly id: string }>
> = {
  cpu: { key: 'usage', unit: 'ms_per_second', id: 'cpu_time' },
  io: { key: 'ioBytes', unit: 'bytes_per_second', id: 'io_bytes' },
  memory: { key: 'memory', unit: 'bytes', id: 'memory' },
};
