/** What a trial says: the victim's loss with and without the limit, and what it cost the suspect and third parties; pure. */

import type { FigureUnit } from '../model.ts';
import {
  type LossMeasure,
  lossMeasure,
  pressureOf,
  type Rates,
  type TrialResource,
  type TrialWindow,
  useOf,
} from './measure.ts';
import { pairsOf } from './run.ts';
import { effectOf, type TrialEffect } from './statistics.ts';

export interface TrialParty {
  readonly path: string;
  readonly name: string;
}

/** What one workload used of the resource: means over the windows without the limit and with it. */
export interface UseChange {
  readonly id: string;
  readonly unit: FigureUnit;
  readonly off: number;
  readonly on: number;
}

export interface TrialAnswer {
  readonly victim: TrialParty;
  readonly suspect: TrialParty;
  readonly measure: LossMeasure;
  /** Of the victim's loss. */
  readonly effect: TrialEffect;
  /** Whether p is at most PROVEN. */
  readonly isProven: boolean;
  /** What the suspect, and the victim, used of the resource. */
  readonly suspectUse: UseChange;
  readonly victimUse: UseChange;
  /** Third parties whose loss changed, the one that lost most by the limit first. */
  readonly others: readonly { readonly party: TrialParty; readonly effect: TrialEffect }[];
  /** How they were measured. */
  readonly othersMeasure: LossMeasure;
}

/** The largest p that proves the effect. */
export const PROVEN = 0.05;
/** Milliseconds of each second: a smaller change of a third party's loss is not told. */
const LEAST_CHANGE_MS = 10;

export interface Trial {
  readonly windows: readonly TrialWindow[];
  readonly resource: TrialResource;
  readonly victim: TrialParty;
  readonly suspect: TrialParty;
  readonly others: readonly TrialParty[];
}

export function answerOfTrial({ windows, resource, victim, suspect, others }: Trial): TrialAnswer {
  const measure = lossMeasure(
    resource,
    windows.flatMap(({ rates }) => rates.get(victim.path) ?? []),
  );
  const effect = effectOf(pairsOf(windows, victim.path, measure.key));
  const othersMeasure = pressureOf[resource];
  return {
    victim,
    suspect,
    measure,
    effect,
    isProven: effect.p <= PROVEN,
    suspectUse: useIn(windows, suspect.path, resource),
    victimUse: useIn(windows, victim.path, resource),
    others: others
      .map((party) => ({ party, effect: effectOf(pairsOf(windows, party.path, othersMeasure.key)) }))
      .filter(({ effect: { saved } }) => Math.abs(saved) >= LEAST_CHANGE_MS)
      .sort((a, b) => a.effect.saved - b.effect.saved),
    othersMeasure,
  };
}

function useIn(windows: readonly TrialWindow[], path: string, resource: TrialResource): UseChange {
  const { key, unit, id } = useOf[resource];
  return { id, unit, off: meanOf(windows, path, key, false), on: meanOf(windows, path, key, true) };
}

function meanOf(windows: readonly TrialWindow[], path: string, key: keyof Rates, isOn: boolean): number {
  const values = windows
    .filter((window) => window.isOn === isOn)
    .map(({ rates }) => rates.get(path)?.[key] ?? Number.NaN)
    .filter((value) => !Number.isNaN(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
