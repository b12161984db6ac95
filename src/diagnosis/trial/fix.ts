/**
 * Whether a remedy is kept: what the victim lost before it and with it, and whether a third party lost more with it; pure.
 * There is one switch only, from without to with, so this tells less than a randomised trial: it is about keeping a change
 * that the user has asked for, not about who is to blame.
 */

import { CAUSES, type Cause } from '../model.ts';
import type { TrialParty } from './answer.ts';
import {
  CPU_FULL,
  FAILED_FORKS,
  type LossMeasure,
  lossMeasure,
  pressureOf,
  type Rates,
  type TrialResource,
} from './measure.ts';
import { rankSumZ } from './statistics.ts';

/** The rates of one window, by path. */
export type FixWindow = ReadonlyMap<string, Rates>;

export interface FixWindows {
  readonly cause: Cause;
  readonly victim: TrialParty;
  /** Neither the victim, nor who is limited or blamed, nor what holds one of them or is in it. */
  readonly others: readonly TrialParty[];
  readonly before: readonly FixWindow[];
  readonly meanwhile: readonly FixWindow[];
}

/** Means over the windows. */
export interface FixChange {
  readonly party: TrialParty;
  readonly measure: LossMeasure;
  readonly before: number;
  readonly meanwhile: number;
}

export type FixOutcome =
  /** The remedy is kept. In every other case it is taken back. */
  | 'helped'
  /** Its loss did not fall by half. */
  | 'no help'
  /** It fell by half, but its loss goes up and down so much that it may be chance. */
  | 'chance'
  | 'others worse'
  /** It helps, but no pressure of any third party can be read. */
  | 'others unknown';

export interface FixAnswer {
  readonly outcome: FixOutcome;
  readonly victim: FixChange;
  /** Third parties that lose more with the remedy, the largest rise first. */
  readonly worse: readonly FixChange[];
}

/** The share of the victim's loss that may be left. */
const MOST_LEFT = 0.5;
/** Standard deviations of the rank sum by which the loss must fall: 2 % of the falls that mean nothing are as large. */
const HELPED_Z = 2;
/**
 * The same for the rise of a third party's loss: more, as there are many of them. It must also rise by so many milliseconds
 * of each second.
 */
const WORSE_Z = 2.5;
const WORSE_MS = 20;
/** Milliseconds of each second: a smaller loss is no loss to help against. */
const LEAST_MS = 10;

export function judgeFix(windows: FixWindows): FixAnswer {
  const { victim: party, others, before, meanwhile } = windows;
  const measure = measureOf(windows);
  const victim = changeOf(windows, party, measure);
  const worse = others
    .flatMap((other) => Object.values(pressureOf).map((pressure) => changeOf(windows, other, pressure)))
    .filter((change) => change.meanwhile - change.before >= WORSE_MS)
    .filter(
      ({ party: { path }, measure: { key } }) =>
        rankSumZ(figuresOf(before, path, key), figuresOf(meanwhile, path, key)) >= WORSE_Z,
    )
    .sort((a, b) => b.meanwhile - b.before - (a.meanwhile - a.before));
  const fall = rankSumZ(figuresOf(meanwhile, party.path, measure.key), figuresOf(before, party.path, measure.key));
  const isHalved = victim.meanwhile <= MOST_LEFT * victim.before;
  return { outcome: outcomeOf(), victim, worse };

  function outcomeOf(): FixOutcome {
    if (!isHalved) return 'no help';
    if (fall < HELPED_Z) return 'chance';
    if (worse.length > 0) return 'others worse';
    const known = others.flatMap(({ path }) =>
      Object.values(pressureOf).flatMap(({ key }) => figuresOf(before, path, key)),
    );
    return others.length > 0 && known.length === 0 ? 'others unknown' : 'helped';
  }
}

/** What the victim loses before anything is done; `isLost`: whether that is a loss at all. */
export function lossBefore(windows: Omit<FixWindows, 'meanwhile' | 'others'>): FixChange & { isLost: boolean } {
  const all = { ...windows, meanwhile: [], others: [] };
  const measure = measureOf(all);
  const change = changeOf(all, windows.victim, measure);
  return { ...change, isLost: change.before > (measure.unit === 'ms_per_second' ? LEAST_MS : 0) };
}

/** Chosen by all windows together, so that the choice favours no answer. */
function measureOf({ cause, victim, before, meanwhile }: FixWindows): LossMeasure {
  const windows = [...before, ...meanwhile];
  const resource = resourceOf(cause);
  if (resource === undefined) return FAILED_FORKS;
  if (resource === 'cpu' && figuresOf(windows, victim.path, CPU_FULL.key).length > 0) return CPU_FULL;
  return lossMeasure(
    resource,
    windows.flatMap((rates) => rates.get(victim.path) ?? []),
  );
}

/** Undefined for `pids`, the only cause without pressure that a limit helps. */
function resourceOf(cause: Cause): TrialResource | undefined {
  const resource = CAUSES.find(({ code }) => code === cause)?.resource;
  return resource === 'cpu' || resource === 'io' || resource === 'memory' ? resource : undefined;
}

const changeOf = ({ before, meanwhile }: FixWindows, party: TrialParty, measure: LossMeasure): FixChange => ({
  ...{ party, measure },
  before: meanOf(figuresOf(before, party.path, measure.key)),
  meanwhile: meanOf(figuresOf(meanwhile, party.path, measure.key)),
});

/** Of the windows in which it is known. */
const figuresOf = (windows: readonly FixWindow[], path: string, key: keyof Rates): number[] =>
  windows.map((rates) => rates.get(path)?.[key] ?? Number.NaN).filter((value) => !Number.isNaN(value));

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
