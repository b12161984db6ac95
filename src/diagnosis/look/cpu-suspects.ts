/** Who took the CPU that a victim waited for, if anybody did more than is theirs. */

import type { Refusal, Suspect } from '../model.ts';
import { THRESHOLDS } from '../thresholds.ts';
import { percentText } from './change.ts';
import { type Blame, type Company, type Window, waitIn } from './company.ts';
import { childTowards, competitorOf, levelOf, mostBelow } from './groups.ts';
import { type CloseLook, HOST, KERNEL } from './model.ts';
import { nominalShares } from './shares.ts';

export interface Named {
  readonly suspects: readonly Suspect[];
  readonly refusal?: Refusal;
  /** The cgroup that competes with the first suspect: the victim, or what holds it. */
  readonly rival?: string;
}

/** The first, or the first two, where those stand out; none else. `blame`: any order. */
export function standOut<T extends { readonly blame: number }>(blamed: readonly T[]): T[] {
  const { blame, blameOfTwo, separation } = THRESHOLDS;
  const [first, second, third] = [...blamed].sort((a, b) => b.blame - a.blame);
  if (first && first.blame >= blame && first.blame >= separation * (second?.blame ?? 0)) return [first];
  const isTwo = first && second && second.blame >= blameOfTwo && second.blame >= separation * (third?.blame ?? 0);
  return isTwo ? [first, second] : [];
}

export interface CpuCase {
  readonly look: CloseLook;
  readonly victim: string;
  readonly company: Company;
  readonly windows: readonly Window[];
  readonly blame: Blame;
  /** Blame of either half of the look, for what does not last. */
  readonly halves: readonly [Blame, Blame];
  /** 0 to 1: of the time, whether it lasted. */
  readonly persistence: number;
  /** 0 to 1: whether all figures are there. */
  readonly coverage: number;
}

export function nameCpuSuspects(of: CpuCase): Named {
  const { look, victim, blame } = of;
  const blamed = [...blame.byCompetitor].map(([key, share]) => ({ key, blame: share }));
  const named = standOut(blamed);
  const [first] = named;
  if (first === undefined) return { suspects: [], refusal: 'no suspect' };
  const shares = sharesAt(of, levelOf(victim, first.key));
  const rival = childTowards(levelOf(victim, first.key), victim);
  const guilty = named.filter(({ key }) => isAbove(of, key));
  if (guilty.length === 0) {
    const weight = (key: string): number => shares.get(key)?.weight ?? 100;
    const isByWeight = named.some(({ key }) => weight(key) > weight(rival));
    return { suspects: [], refusal: isByWeight ? 'weights decide' : 'the machine is full', rival };
  }
  const rest = blamed.filter(({ key }) => !named.some((one) => one.key === key));
  const next = Math.max(0, ...rest.map((one) => one.blame));
  const suspects = guilty
    .map(({ key, blame: share }): Suspect => {
      const separation = 1 - (0.5 * next) / share;
      const stable = 1 - Math.abs(halfOf(of, 0, key, share) - halfOf(of, 1, key, share));
      const group = look.groups.get(mostBelow(key, blame.byGroup, look.groups));
      return {
        what: group?.what ?? 'workload',
        path: key === HOST || key === KERNEL ? '/' : (group?.key ?? key),
        name: group?.name ?? key,
        blame: Math.min(1, share),
        evidence: evidenceOf(of, key),
        confidence: of.coverage * separation * stable * of.persistence,
      };
    })
    .filter(({ confidence }) => confidence >= THRESHOLDS.possible);
  return suspects.length > 0 ? { suspects, rival } : { suspects, refusal: 'no suspect', rival };
}

/** Where one half had no wait the other tells nothing about it. */
const halfOf = ({ halves }: CpuCase, half: 0 | 1, key: string, whole: number): number =>
  halves[half].byCompetitor.size === 0 ? whole : (halves[half].byCompetitor.get(key) ?? 0);

interface Share {
  readonly weight: number;
  readonly used: number;
  readonly nominal: number;
}

/**
 * Where the wait comes in bursts, the windows in which it is large: in those between them the victim makes up for what it
 * lost, which says nothing of how the CPU is shared while others want it too.
 */
function contested(windows: readonly Window[]): readonly Window[] {
  const seconds = windows.reduce((sum, window) => sum + window.seconds, 0);
  const mean = waitIn(windows) / seconds;
  const weighted = windows.reduce((sum, { wait, seconds }) => sum + (wait || 0) * ((wait || 0) / seconds), 0);
  return weighted / waitIn(windows) > THRESHOLDS.burst * mean
    ? windows.filter(({ wait, seconds }) => wait / seconds >= mean)
    : windows;
}

/**
 * The shares of those that compete at a level, the victim's side among them. A window counts as much as the victim waited
 * in it.
 */
function sharesAt({ look, victim, company, windows: all, blame }: CpuCase, level: string): Map<string, Share> {
  const windows = contested(all);
  const rival = childTowards(level, victim);
  const waits = waitIn(windows);
  const used = new Map<string, number>();
  for (const { wait, seconds, usage } of windows) {
    if (!(wait > 0)) continue;
    for (const [key, ms] of usage) {
      const isHere = key === rival || (competitorOf(victim, key) === key && levelOf(victim, key) === level);
      const near = key === rival ? 1 : (company.onVictimsCpus.get(key) ?? 0);
      if (isHere) used.set(key, (used.get(key) ?? 0) + (near * ms * wait) / seconds / waits);
    }
  }
  const isRival = (key: string): boolean =>
    Math.max(company.shares.get(key) ?? 0, blame.byCompetitor.get(key) ?? 0) >= THRESHOLDS.company;
  const competitors = [...used]
    .filter(([key, ms]) => ms > 0 && (key === rival || isRival(key)))
    .map(([key, ms]) => ({ key, used: ms, weight: weightOf(look, key), hungry: key === rival }));
  const nominal = nominalShares(competitors);
  return new Map(
    competitors.map(({ key, weight, used: ms }) => [key, { weight, used: ms, nominal: nominal.get(key) ?? ms }]),
  );
}

/** The weight of a group: 100, the kernel's default, for what lies in the root and where the cpu controller is not enabled. */
function weightOf({ groups }: CloseLook, key: string): number {
  const group = groups.get(key);
  if (group?.last('cpu.idle:value') === 1) return 1;
  const weight = group?.last('cpu.weight:value') ?? Number.NaN;
  return weight > 0 ? weight : 100;
}

/** It has more than its nominal share, and the victim's side less than its own. */
function isAbove(of: CpuCase, key: string): boolean {
  const level = levelOf(of.victim, key);
  const shares = sharesAt(of, level);
  const [its, ours] = [shares.get(key), shares.get(childTowards(level, of.victim))];
  if (!its || !ours) return its !== undefined;
  return its.used > THRESHOLDS.aboveShare * its.nominal && ours.used < ours.nominal;
}

function evidenceOf(of: CpuCase, key: string): string {
  const share = sharesAt(of, levelOf(of.victim, key)).get(key);
  const cpus = share
    ? `used ${cpusText(share.used)} while it waited, where its share is ${cpusText(share.nominal)}`
    : '';
  const together = of.company.shares.get(key);
  const near =
    together === undefined
      ? ''
      : `was ready on the same CPU in ${percentText(together)} of the samples in which the victim was ready`;
  const who = key === HOST || key === KERNEL ? rootThreadsText(of) : '';
  return ([cpus, near].filter(Boolean).join(', and ') || 'ran while it waited') + who;
}

/** The host and the kernel have no cgroup to look at: so many of their threads that were most in the way are named. */
const MOST_THREADS = 3;

function rootThreadsText({ look, company }: CpuCase): string {
  const most = [...company.byRootThread].sort(([, a], [, b]) => b - a).slice(0, MOST_THREADS);
  const names = most.map(([tid]) => `${look.comms.get(tid) ?? '?'} (${tid})`);
  return names.length > 0 ? `; mostly ${names.join(', ')}` : '';
}

const cpusText = (ms: number): string => `${(ms / 1000).toFixed(2)} CPUs`;
