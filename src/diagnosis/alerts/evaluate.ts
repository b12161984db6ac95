/**
 * Which alerts a Frame fires and clears; pure. A figure that is unavailable neither fires nor clears an alert, and the time for
 * which it was unavailable is not counted.
 */

import type { Workload } from '../../inventory/workload.ts';
import type { Frame } from '../../metrics/source.ts';
import { isOfNetwork } from '../../metrics/totals.ts';
import { isMet } from '../condition.ts';
import { CAUSES, MS_PER_PERCENT, type Victim } from '../model.ts';
import { coarseVerdicts } from '../verdict.ts';
import type { AlertRule } from './rule.ts';

/** What is remembered of one rule and one cgroup. */
export interface Alert {
  readonly rule: AlertRule;
  readonly workload: Victim;
  readonly isFiring: boolean;
  /** Milliseconds since the epoch: when it fired; the time of the Frame as long as it does not fire. */
  readonly since: number;
  /** The last figure that was known. */
  readonly value: number;
  /** Milliseconds for which the comparison has held that changes `isFiring`. */
  readonly against: number;
  /** CLOCK_MONOTONIC milliseconds of the last Frame if that comparison held in it, else undefined. */
  readonly seen: number | undefined;
}

export interface AlertNews {
  /** `ended`: the cgroup is gone, or has a name or kind that the rule does not mean. */
  readonly what: 'fired' | 'cleared' | 'ended';
  readonly alert: Alert;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** The alerts that fire, and those that would if it goes on; by rule and cgroup. */
export type AlertState = ReadonlyMap<string, Alert>;

export const NO_ALERTS: AlertState = new Map();

/**
 * Alerts that are remembered at once. Each is told, recorded and may run a command: rules that mean everything must not fill
 * the memory.
 */
export const MOST_ALERTS = 10_000;

export interface AlertsAfter {
  readonly state: AlertState;
  readonly news: readonly AlertNews[];
  /** Alerts for which there was no room: those that were remembered before stay. */
  readonly leftOut: number;
}

export function alertsAfter(state: AlertState, rules: readonly AlertRule[], frame: Frame): AlertsAfter {
  const after = new Map<string, Alert>();
  const news: AlertNews[] = [];
  let [room, leftOut] = [MOST_ALERTS - state.size, 0];
  const time = frame.usage.snapshot.wall;
  rules.forEach((rule, index) => {
    const values = figuresOf(rule, frame);
    for (const row of rowsOf(rule, frame.workloads)) {
      const { path = '', inode = -1, name = '' } = frame.workloads[row] ?? {};
      const key = `${index} ${inode}`;
      const value = values[row] ?? Number.NaN;
      const before = state.get(key);
      if (!before && !isMet(rule.condition, value)) continue;
      if (!before && room-- <= 0) {
        leftOut++;
        continue;
      }
      const alert = stepped(before, { rule, workload: { path, inode, name } }, value, frame);
      if (!alert) continue;
      after.set(key, alert);
      if (alert.isFiring !== (before?.isFiring ?? false))
        news.push({ what: alert.isFiring ? 'fired' : 'cleared', alert, time });
    }
  });
  for (const [key, alert] of state) if (alert.isFiring && !after.has(key)) news.push({ what: 'ended', alert, time });
  return { state: after, news, leftOut };
}

/** Inodes of the workloads whose network the rules compare. A Frame has the network of only those that were asked for. */
export const networkNeeded = (rules: readonly AlertRule[], workloads: readonly Workload[]): readonly number[] =>
  rules
    .filter(({ condition: { of } }) => of.metric && isOfNetwork(of.metric))
    .flatMap((rule) => rowsOf(rule, workloads).flatMap((row) => workloads[row]?.inode ?? []));

/** The alert after this Frame; undefined where nothing of it is to be remembered. */
function stepped(
  before: Alert | undefined,
  of: Pick<Alert, 'rule' | 'workload'>,
  value: number,
  { usage }: Frame,
): Alert | undefined {
  const { wall, monotonic } = usage.snapshot;
  const { condition, until, forMs } = of.rule;
  if (Number.isNaN(value)) return before && { ...before, ...of, seen: undefined };
  const isFiring = before?.isFiring ?? false;
  const isAgainst = isFiring ? !isMet(condition, value, until) : isMet(condition, value);
  if (!isAgainst) return before?.isFiring ? { ...before, ...of, value, against: 0, seen: undefined } : undefined;
  const against = (before?.against ?? 0) + (before?.seen === undefined ? 0 : monotonic - before.seen);
  const since = before?.isFiring ? before.since : wall;
  if (against < forMs) return { ...of, isFiring, since, value, against, seen: monotonic };
  return { ...of, isFiring: !isFiring, since, value, against: 0, seen: undefined };
}

/** What the rule compares, by row, in the unit of its condition. */
function figuresOf({ condition: { of } }: AlertRule, { usage }: Frame): Float64Array {
  if (of.metric) return usage.column(of.metric.id);
  const { causes, losses } = coarseVerdicts(usage, of.cause);
  return losses.map((loss, row) => {
    const code = CAUSES[causes[row] ?? -1]?.code;
    return code === of.cause ? loss / MS_PER_PERCENT : code === 'unknown' ? Number.NaN : 0;
  });
}

/**
 * The rows that a rule is about. The list of workloads is another object only where cgroups came or went: names are matched
 * then.
 */
const meantRows = new WeakMap<readonly Workload[], Map<AlertRule, readonly number[]>>();

function rowsOf(rule: AlertRule, workloads: readonly Workload[]): readonly number[] {
  const known = meantRows.get(workloads) ?? new Map<AlertRule, readonly number[]>();
  meantRows.set(workloads, known);
  const rows = known.get(rule) ?? workloads.flatMap((workload, row) => (rule.isAbout(workload) ? [row] : []));
  known.set(rule, rows);
  return rows;
}
