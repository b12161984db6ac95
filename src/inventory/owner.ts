/** Who may write a workload's limits, from what made it. */
import type { Workload } from './workload.ts';

export function ownerOf({ runtime, path }: Pick<Workload, 'runtime' | 'path'>): string {
  if (runtime) return runtime;
  // A plain directory below a systemd unit lies in a delegated subtree: whoever made it writes it.
  return path.endsWith('.slice') || path.endsWith('.service') || path.endsWith('.scope') ? 'systemd' : 'cgroupfs';
}
