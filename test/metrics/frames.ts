/** A Frame from two Snapshots made by hand, and what its rows are. */

import type { Workload } from '../../src/inventory/workload.ts';
import { hostUsage } from '../../src/metrics/host.ts';
import type { Snapshot } from '../../src/metrics/snapshot.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';

/** Each row is a container that has the name of its path, unless `factsOf` says otherwise. */
export const frameBetween = (
  before: Snapshot,
  now: Snapshot,
  factsOf: (row: number) => Partial<Workload> = () => ({}),
): Frame => ({
  usage: usageOf(before, now),
  host: hostUsage(before.host, now.host),
  workloads: now.rows.map(({ path, inode }, row) => ({
    ...{ path, inode, kind: 'container', name: path.slice(1) },
    ...factsOf(row),
  })),
  cost: { milliseconds: 4, reads: 120, descriptors: 90, missed: 0 },
});
