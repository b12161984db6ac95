/** Whom a change may help or harm without being made to them. */
import { openInventory } from '../inventory/inventory.ts';
import { isListed } from '../inventory/workload.ts';
import { areNested } from '../kernel/cgroup-path.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { PROC } from './context.ts';

/** Workloads that are neither a target nor above or below one: name by path. */
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
    const isKin = (path: string): boolean => targets.some((target) => areNested(path, target));
    const others = inventory.workloads().filter((workload) => isListed(workload) && !isKin(workload.path));
    return new Map(others.map(({ path, name }) => [path, name]));
  } finally {
    inventory.close();
  }
}
