/** Who may write a workload's limits, from what made it. */

import { unitAt } from './units.ts';
import type { Runtime, Workload } from './workload.ts';

export function ownerOf(workload: Pick<Workload, 'runtime' | 'path' | 'details'>): string {
  const runtime = runtimeOf(workload);
  if (runtime) return runtime;
  return unitAt(workload.path) ? 'systemd' : 'cgroupfs';
}

/** Incus has its containers made by LXC, with LXC's paths. */
export const runtimeOf = ({ runtime, details }: Pick<Workload, 'runtime' | 'details'>): Runtime | undefined =>
  runtime === 'lxc' && details?.runtime === 'incus' ? 'incus' : runtime;
