/** Who suffers, from a Frame: the workloads that a closer look is worth. */

import { isListed, type Workload } from '../inventory/workload.ts';
import { isWithin } from '../kernel/cgroup-path.ts';
import type { Frame } from '../metrics/source.ts';
import { verdictsOf } from './fields.ts';
import type { Victim } from './model.ts';
import { coarseVerdict } from './verdict.ts';

/** A look samples the threads of so many at once. */
const MOST_VICTIMS = 8;

export interface Sufferers {
  /** The largest loss first; what holds another one of them is left out. */
  readonly victims: readonly Victim[];
  /** More than a look takes. */
  readonly left: number;
  /** Workloads of which a figure is missing. */
  readonly unknown: number;
  /** Workloads that were judged. */
  readonly judged: number;
}

/** `among`: inodes of those that are meant; all that are listed where there are none. */
export function sufferersOf({ usage, workloads }: Frame, among: ReadonlySet<number> = new Set()): Sufferers {
  const verdicts = verdictsOf(usage);
  const suffering: { readonly workload: Workload; readonly loss: number }[] = [];
  let [judged, unknown] = [0, 0];
  for (let row = 0; row < workloads.length; row++) {
    const workload = workloads[row];
    if (!workload || !(among.size > 0 ? among.has(workload.inode) : isListed(workload))) continue;
    const { cause, loss } = coarseVerdict(verdicts, row);
    judged++;
    if (cause === 'unknown') unknown++;
    else if (cause !== 'fine') suffering.push({ workload, loss });
  }
  const innermost = suffering
    .filter(({ workload }) =>
      suffering.every((other) => other.workload === workload || !isWithin(other.workload.path, workload.path)),
    )
    .sort((a, b) => (b.loss || 0) - (a.loss || 0));
  return {
    victims: innermost.slice(0, MOST_VICTIMS).map(({ workload: { path, inode, name } }) => ({ path, inode, name })),
    left: Math.max(0, innermost.length - MOST_VICTIMS),
    unknown,
    judged,
  };
}
