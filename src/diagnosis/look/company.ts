/**
 * Who was in the victim's way on its CPUs. Two measures from the files, each with a fault of its own, are multiplied:
 *
 *   overlap     In each window of the ticks, the time that the victim waited is divided among the others by the CPU time that
 *               they used in it, as far as they were seen on the victim's CPUs. Alone it would name an innocent that is busy on
 *               another CPU.
 *   company     Of the samples in which a thread of the victim was ready to run: the share in which a thread of the other was
 *               ready on the same CPU. Alone it would name one of low weight that never gets the CPU.
 *
 * Where a tracer measured who ran while the victim waited, that takes the place of both.
 */

import { isWithin, parentOf } from '../../kernel/cgroup-path.ts';
import { THRESHOLDS } from '../thresholds.ts';
import { busyOf, changeOf } from './change.ts';
import { competitorOf } from './groups.ts';
import { type CloseLook, HOST, IDLE, KERNEL, OTHERS, OWN_THREADS, QUOTA, type Seen } from './model.ts';

export interface Company {
  /** Samples in which one of the victim's threads was running or ready to run; a thread a sample. */
  readonly samples: number;
  /**
   * The samples among them with any other thread ready on the same CPU; and the part of those threads that are not the
   * victim's.
   */
  readonly accompanied: number;
  readonly foreignPart: number;
  /** The share of the samples that have a thread of a competitor on the same CPU, by competitor. */
  readonly shares: ReadonlyMap<string, number>;
  /** The same by group, for going down. */
  readonly byGroup: ReadonlyMap<string, number>;
  /** Samples by thread, of those in the root cgroup itself. */
  readonly byRootThread: ReadonlyMap<number, number>;
  /** The share of a competitor's own samples that were on CPUs of the victim, by competitor. */
  readonly onVictimsCpus: ReadonlyMap<string, number>;
}

const isOf = (victim: string, { key }: Seen): boolean => key !== HOST && key !== KERNEL && isWithin(key, victim);

export function companyOf(look: CloseLook, victim: string): Company {
  const cpus = new Set(look.allowed.get(victim) ?? []);
  const [shares, byGroup] = [new Map<string, number>(), new Map<string, number>()];
  const [all, near] = [new Map<string, number>(), new Map<string, number>()];
  const byRootThread = new Map<number, number>();
  let [samples, accompanied, foreign] = [0, 0, 0];
  for (const instant of look.instants) {
    const runnable = instant.filter(({ state }) => state === 'R');
    const mine = runnable.filter((seen) => isOf(victim, seen));
    if (cpus.size === 0) for (const { cpu } of mine) cpus.add(cpu);
    for (const seen of mine) {
      samples++;
      const beside = runnable.filter((other) => other.cpu === seen.cpu && other.tid !== seen.tid);
      const others = beside.filter((other) => !isOf(victim, other));
      if (beside.length > 0) accompanied++;
      if (beside.length > 0) foreign += others.length / beside.length;
      for (const key of new Set(others.map(({ key }) => key))) add(byGroup, key, 1);
      for (const { tid, key } of others) if (key === HOST || key === KERNEL) add(byRootThread, tid, 1);
      for (const key of new Set(others.flatMap(({ key }) => competitorOf(victim, key) ?? []))) add(shares, key, 1);
    }
    for (const seen of runnable) {
      const competitor = competitorOf(victim, seen.key);
      if (competitor === undefined) continue;
      add(all, competitor, 1);
      if (cpus.size === 0 || cpus.has(seen.cpu)) add(near, competitor, 1);
    }
  }
  return {
    samples,
    accompanied,
    foreignPart: accompanied > 0 ? foreign / accompanied : 0,
    shares: scaled(shares, samples),
    byGroup: scaled(byGroup, samples),
    byRootThread,
    onVictimsCpus: new Map([...all].map(([key, count]) => [key, (near.get(key) ?? 0) / count])),
  };
}

const add = <K>(sums: Map<K, number>, key: K, value: number): void => void sums.set(key, (sums.get(key) ?? 0) + value);

const scaled = (sums: ReadonlyMap<string, number>, by: number): Map<string, number> =>
  new Map([...sums].map(([key, value]) => [key, value / by]));

/** A stretch between ticks: milliseconds that the victim waited in it, and that each group used. */
export interface Window {
  readonly from: number;
  readonly seconds: number;
  readonly wait: number;
  readonly victim: number;
  readonly usage: ReadonlyMap<string, number>;
}

/** Short, so that a burst is not averaged away, but not a single tick, which is as long as a time slice of the scheduler. */
const WINDOW_MS = 90;

export function windowsOf(look: CloseLook, victim: string): Window[] {
  const { times, usage, full, throttled } = look.ticks;
  const unseen = unseenHost(look);
  const windows: Window[] = [];
  let first = 0;
  for (let last = 1; last < times.length; last++) {
    const [from = 0, to = 0] = [times[first], times[last]];
    if (to - from < WINDOW_MS) continue;
    const change = (values: readonly number[] | undefined): number =>
      ((values?.[last] ?? Number.NaN) - (values?.[first] ?? Number.NaN)) / 1000;
    const stalled = change(full.get(victim));
    windows.push({
      from,
      seconds: (to - from) / 1000,
      wait: Math.max(0, stalled - (change(throttled.get(victim)) || 0)),
      victim: change(usage.get(victim)),
      usage: new Map(
        [...usage.keys()].flatMap((key) => {
          const used = change(usage.get(key)) * (key === HOST ? unseen : 1);
          return used >= 0 ? [[key, used] as const] : [];
        }),
      ),
    });
    first = last;
  }
  // Without PSI, or where only a tracer saw the victim wait, each window counts alike.
  return windows.some(({ wait }) => wait > 0) ? windows : windows.map((one) => ({ ...one, wait: one.seconds * 1000 }));
}

/** Interrupts count as busy too. */
const MOST_UNSEEN = 4;

/**
 * By what the CPU time of the host's threads must be multiplied, as only some of them are followed: others live too briefly, or
 * are too many. What the CPUs did is the host's where it was neither a cgroup's below the root, nor a kernel thread's, nor this
 * program's.
 */
function unseenHost({ cpus, groups, ticks, seconds, costPercent }: CloseLook): number {
  const ranOf = (key: string): number => {
    const values = (ticks.usage.get(key) ?? []).filter((value) => !Number.isNaN(value));
    return ((values.at(-1) ?? 0) - (values[0] ?? 0)) / 1000;
  };
  const busy = [...cpus.values()].reduce((sum, cpu) => sum + busyOf(cpu), 0) * seconds;
  const inGroups = [...groups.values()]
    .filter(({ key }) => key.startsWith('/') && key !== '/' && parentOf(key) === '/')
    .reduce((sum, group) => sum + (changeOf(group, 'cpu.stat:usage_usec') || 0) / 1000, 0);
  const left = busy - inGroups - ranOf(KERNEL) - costPercent * 10 * seconds;
  const followed = ranOf(HOST);
  return followed > 0 ? Math.min(MOST_UNSEEN, Math.max(1, left / followed)) : 1;
}

/** Milliseconds. */
export const waitIn = (windows: readonly Window[]): number => windows.reduce((sum, { wait }) => sum + (wait || 0), 0);

export interface Blame {
  /** Share of the lost time by competitor: 0 to 1. */
  readonly byCompetitor: ReadonlyMap<string, number>;
  /** The same by cgroup, for going down; a cgroup has that of all below it. */
  readonly byGroup: ReadonlyMap<string, number>;
}

/** From the files. Groups without company are not blamed; what this program itself used is nobody's. */
export function blameByFiles(windows: readonly Window[], company: Company, victim: string): Blame {
  const whole = waitIn(windows);
  const byCompetitor = new Map<string, number>();
  const byGroup = new Map<string, number>();
  for (const { wait, usage } of windows) {
    if (!(wait > 0)) continue;
    const weights = new Map<string, number>();
    const leaves = new Map<string, number>();
    for (const [key, used] of usage) {
      const competitor = competitorOf(victim, key);
      if (competitor === undefined || isWithin(victim, key)) continue;
      if (key === competitor) {
        const share = company.shares.get(key) ?? 0;
        const near = company.onVictimsCpus.get(key) ?? 1;
        if (share >= THRESHOLDS.company) weights.set(key, used * share * near);
      } else leaves.set(key, used);
    }
    const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
    if (sum === 0) continue;
    for (const [key, weight] of weights) {
      const share = ((wait / whole) * weight) / sum;
      add(byCompetitor, key, share);
      add(byGroup, key, share);
      const used = usage.get(key) ?? 0;
      for (const [leaf, part] of leaves) if (used > 0 && isWithin(leaf, key)) add(byGroup, leaf, (share * part) / used);
    }
  }
  return { byCompetitor, byGroup };
}

/** The blame that the tracer measured. */
export function blameByTrace(behind: ReadonlyMap<string, number>, victim: string): Blame {
  const byCompetitor = new Map<string, number>();
  const byGroup = new Map<string, number>();
  const foreign = [...behind].filter(([key]) => ![OWN_THREADS, QUOTA].includes(key));
  const whole = foreign.reduce((sum, [, usec]) => sum + usec, 0);
  for (const [key, usec] of foreign) {
    const competitor = key === IDLE || key === OTHERS ? undefined : competitorOf(victim, key);
    if (competitor === undefined) continue;
    add(byCompetitor, competitor, usec / whole);
    for (let at = key; ; at = at.slice(0, at.lastIndexOf('/'))) {
      add(byGroup, at, usec / whole);
      if (at === competitor || !at.includes('/')) break;
    }
  }
  return { byCompetitor, byGroup };
}
