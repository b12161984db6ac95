/** Who may write a workload's limits, from what made it. */
import type { Runtime, Workload } from './workload.ts';

export function ownerOf(workload: Pick<Workload, 'runtime' | 'path' | 'details'>): string {
  const runtime = runtimeOf(workload);
  if (runtime) return runtime;
  const { path } = workload;
  // A plain directory below a systemd unit lies in a delegated subtree: whoever made it writes it.
  return path.endsWith('.slice') || path.endsWith('.service') || path.endsWith('.scope') ? 'systemd' : 'cgroupfs';
}

/** Incus has its containers made by LXC, with LXC's paths. */
export const runtimeOf = ({ runtime, details }: Pick<Workload, 'runtime' | 'details'>): Runtime | undefined =>
  runtime === 'lxc' && details?.runtime === 'incus' ? 'incus' : runtime;
