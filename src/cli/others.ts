/** Third parties of a change that a command makes. */

import { openInventory } from '../inventory/inventory.ts';
import { isThirdParty } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { PROC } from './context.ts';

/** The name of each, by path. */
export async function othersThan(targets: readonly string[], hierarchy: Hierarchy): Promise<Map<string, string>> {
  const inventory = openInventory({
    mount: hierarchy.mount,
    root: hierarchy.root,
    proc: PROC,
    watch: false,
    apis: false,
  });
  try {
    await inventory.refresh();
    const others = inventory.workloads().filter((workload) => isThirdParty(workload, targets));
    return new Map(others.map(({ path, name }) => [path, name]));
  } finally {
    inventory.close();
  }
}
