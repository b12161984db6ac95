/** What a change did to the others: their pressure before it and now, for half a minute. */

import { isThirdParty, type Workload } from '../inventory/workload.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import type { FooterMessage } from './state.ts';

type Pressures = Readonly<Record<(typeof RESOURCES)[number], number>>;

export interface Aftermath {
  readonly text: string;
  /** Paths of the cgroups that were changed. */
  readonly targets: readonly string[];
  readonly before: Pressures | undefined;
  readonly until: number;
}

const SHOWN_MS = 30_000;

export const aftermathOf = (
  text: string,
  targets: readonly Pick<Workload, 'path'>[],
  before: Frame | undefined,
  now: number,
): Aftermath => {
  const paths = [...new Set(targets.map(({ path }) => path))];
  return { text, targets: paths, before: before && othersPressure(before, paths), until: now + SHOWN_MS };
};

/**
 * The mean over all third parties in which a task waited at all; NaN where the pressure of none is known. What lies in a target
 * or around it waits as the target does, and is left out.
 */
export function othersPressure({ usage, workloads }: Frame, targets: readonly string[]): Pressures {
  const isOther = workloads.map((workload) => isThirdParty(workload, targets));
  const mean = (resource: string): number => {
    const column = usage.column(`psi_${resource}_some_percent`);
    let [sum, count] = [0, 0];
    isOther.forEach((counts, row) => {
      const value = column[row] ?? Number.NaN;
      if (!counts || !(value >= 0)) return;
      if (value === 0 && usage.value('populated', row) === 0) return;
      sum += value;
      count++;
    });
    return count === 0 ? Number.NaN : sum / count;
  };
  return { cpu: mean('cpu'), memory: mean('memory'), io: mean('io') };
}

export function aftermathMessage(
  { text, targets, before, until }: Aftermath,
  frame: Frame,
  now: number,
): FooterMessage | undefined {
  if (now >= until) return undefined;
  const after = othersPressure(frame, targets);
  const isTold = [after, before].some((one) => one && Object.values(one).some((value) => !Number.isNaN(value)));
  if (!isTold) return { text: `${text}   others' pressure --`, style: 'good' };
  const shown = (value: number): string => (Number.isNaN(value) ? '--' : value.toFixed(1));
  const pressures = RESOURCES.map(
    (resource) => `${resource} ${shown(before?.[resource] ?? Number.NaN)}→${shown(after[resource])}`,
  );
  return { text: `${text}   others' pressure %: ${pressures.join('  ')}`, style: 'good' };
}
