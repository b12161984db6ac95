/** Who suffers, from a Frame: the workloads that a closer look is worth. */

import { isListed } from '../inventory/workload.ts';
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
  const judged = workloads.flatMap((workload, row) =>
    (among.size > 0 ? among.has(workload.inode) : isListed(workload))
      ? [{ workload, ...coarseVerdict(verdicts, row) }]
      : [],
  );
  const suffering = judged
    .filter(({ cause }) => cause !== 'fine' && cause !== 'unknown')
    .filter(({ workload }, _, all) =>
      all.every((other) => other.workload === workload || !isWithin(other.workload.path, workload.path)),
    )
    .sort((a, b) => (b.loss || 0) - (a.loss || 0));
  return {
    victims: suffering.slice(0, MOST_VICTIMS).map(({ workload: { path, inode, name } }) => ({ path, inode, name })),
    left: Math.max(0, suffering.length - MOST_VICTIMS),
    unknown: judged.filter(({ cause }) => cause === 'unknown').length,
    judged: judged.length,
  };
}
