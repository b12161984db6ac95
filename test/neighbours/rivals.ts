/** What other rules would have said of the same look: the columns beside ours. */

import { existsSync, readFileSync } from 'node:fs';
import { changeOf, secondsOf, wholeOf } from '../../src/diagnosis/look/change.ts';
import { windowsOf } from '../../src/diagnosis/look/company.ts';
import { type CloseLook, HOST, KERNEL } from '../../src/diagnosis/look/model.ts';
import { isWithin, parentOf } from '../../src/kernel/cgroup-path.ts';
import { parsePressure } from '../../src/kernel/pressure.ts';
import { MOUNT } from './arena.ts';

export const RIVALS = ['top CPU', 'top PSI', 'Datadog', 'CPI²'] as const;

/** Path of whom each accuses; undefined for nobody. */
export type Accused = Readonly<Record<(typeof RIVALS)[number], string | undefined>>;

/** Microseconds for which tasks of each waited for a CPU so far: a look does not read it of neighbours. */
export const cpuWaits = (paths: readonly string[]): Map<string, number> =>
  new Map(paths.map((path) => [path, waitedSoFar(`${MOUNT}${path}/cpu.pressure`)]));

const waitedSoFar = (file: string): number =>
  existsSync(file) ? (parsePressure(readFileSync(file, 'utf8')).some?.total ?? 0) : 0;

/** `before`, `after`: cpuWaits when the look began and when it ended. */
export function accusedByRivals(
  look: CloseLook,
  victim: string,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Accused {
  const others = [...look.groups.keys()].filter((key) => isLeaf(look, key) && !isWithin(victim, key) && key !== victim);
  const used = (key: string): number =>
    key === HOST || key === KERNEL ? lastOf(look, key) : changeOf(look.groups.get(key), 'cpu.stat:usage_usec') || 0;
  const top = largest(others, used);
  return {
    'top CPU': top,
    'top PSI': largest(others, (key) => (after.get(key) ?? 0) - (before.get(key) ?? 0)),
    Datadog: isContended(look, victim) ? top : undefined,
    'CPI²': correlated(look, victim, others),
  };
}

const isLeaf = ({ groups }: CloseLook, key: string): boolean =>
  key === HOST ||
  key === KERNEL ||
  (key !== '/' && ![...groups.keys()].some((other) => parentOf(other) === key && other !== key));

const lastOf = ({ ticks }: CloseLook, key: string): number =>
  (ticks.usage.get(key)?.at(-1) ?? 0) - (ticks.usage.get(key)?.find((value) => !Number.isNaN(value)) ?? 0);

function largest(keys: readonly string[], figure: (key: string) => number): string | undefined {
  const [most] = keys.map((key) => ({ key, value: figure(key) })).sort((a, b) => b.value - a.value);
  return most && most.value > 0 ? most.key : undefined;
}

/** Its first stage: pressure, and neither throttled nor stolen; it then counts who preempts, which the files do not tell. */
function isContended(look: CloseLook, victim: string): boolean {
  const whole = wholeOf(look.marks.get(victim) ?? []);
  if (!whole) return false;
  const all = [...look.cpus.values()];
  const ticks = all.reduce((sum, { busy, idle, steal }) => sum + busy + idle + steal, 0);
  const stolen = all.reduce((sum, { steal }) => sum + steal, 0) / ticks;
  return whole.cpuSome >= 100 && (whole.throttled || 0) < 50 && stolen < 0.05;
}

const CORRELATED = 0.35;

/** Correlation of the victim's cost of work (wall time for its CPU time) with each neighbour's CPU time, by the second. */
function correlated(look: CloseLook, victim: string, others: readonly string[]): string | undefined {
  const windows = windowsOf(look, victim);
  const seconds = secondsOf(look.marks.get(victim) ?? []);
  if (seconds.length < 3) return undefined;
  const cost = windows.map(({ wait, victim: used }) => (used > 0 ? (wait + used) / used : 1));
  const score = (key: string): number =>
    correlation(
      cost,
      windows.map(({ usage }) => usage.get(key) ?? 0),
    );
  const best = largest(others, (key) => Math.max(0, score(key)));
  return best !== undefined && score(best) >= CORRELATED ? best : undefined;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  a.forEach((value, index) => {
    const [x, y] = [value - meanA, (b[index] ?? 0) - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  });
  return ofA > 0 && ofB > 0 ? both / Math.sqrt(ofA * ofB) : 0;
}
