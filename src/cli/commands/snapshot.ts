/** tscg snapshot: what is set now, as a policy. */

import { isListed } from '../../inventory/workload.ts';
import { snapshotPolicy } from '../../limits/policy/snapshot.ts';
import { unitDefaults } from '../../limits/policy/unit-defaults.ts';
import { type GlobalOptions, openHierarchy, PROC, planContext } from '../context.ts';
import { print } from '../output.ts';
import { openWorkloads } from '../policy-workloads.ts';

export interface SnapshotOptions {
  all?: boolean;
}

export async function snapshot({ all }: SnapshotOptions, global: GlobalOptions): Promise<void> {
  const hierarchy = openHierarchy(global);
  const inventory = openWorkloads(hierarchy, false);
  try {
    await inventory.refresh();
    const workloads = inventory.workloads();
    const chosen = all ? workloads : workloads.filter(isListed);
    const context = planContext(hierarchy);
    const isDefault = await unitDefaults(PROC, context.owners.sockets);
    print(snapshotPolicy(chosen, workloads, context, isDefault));
  } finally {
    inventory.close();
  }
}
