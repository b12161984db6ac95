/** What a change did to the others: their pressure before it and now, for half a minute. */
import type { Workload } from '../inventory/workload.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import type { FooterMessage } from './help-view.ts';

type Pressures = Readonly<Record<(typeof RESOURCES)[number], number>>;

export interface Aftermath {
  readonly text: string;
  readonly targets: ReadonlySet<number>;
  readonly before: Pressures | undefined;
  readonly until: number;
}

const SHOWN_MS = 30_000;

export const aftermathOf = (
  text: string,
  targets: readonly Workload[],
  before: Frame | undefined,
  now: number,
): Aftermath => {
  const inodes = new Set(targets.map(({ inode }) => inode));
  return { text, targets: inodes, before: before && othersPressure(before, inodes), until: now + SHOWN_MS };
};

/** Mean over all others in which a task waited at all; NaN where nobody tells. */
export function othersPressure({ usage, workloads }: Frame, targets: ReadonlySet<number>): Pressures {
  const mean = (resource: string): number => {
    const column = usage.column(`psi_${resource}_some_percent`);
    let [sum, count] = [0, 0];
    workloads.forEach(({ inode, kind }, row) => {
      const value = column[row] ?? Number.NaN;
      if (targets.has(inode) || kind === 'root' || kind === 'slice' || !(value >= 0)) return;
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
  const shown = (value: number): string => (Number.isNaN(value) ? '--' : value.toFixed(1));
  const pressures = RESOURCES.map(
    (resource) => `${resource} ${shown(before?.[resource] ?? Number.NaN)}→${shown(after[resource])}`,
  );
  return { text: `${text}   others' pressure %: ${pressures.join('  ')}`, style: 'good' };
}
