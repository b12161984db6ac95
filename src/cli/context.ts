/** What every command stands on: the hierarchy, the machine, the workloads by name. */
import { readFileSync } from 'node:fs';
import { openInventory } from '../inventory/inventory.ts';
import { NoSuchNameError, resolve } from '../inventory/resolve.ts';
import { findSockets } from '../inventory/sockets.ts';
import type { Workload } from '../inventory/workload.ts';
import { openCgroupFiles } from '../kernel/cgroup-files.ts';
import { chooseHierarchy, type Hierarchy } from '../kernel/hierarchy.ts';
import { readMachine } from '../kernel/machine.ts';
import { parseProcCgroup } from '../kernel/proc-cgroup.ts';
import type { OwnerOptions } from '../limits/ownership.ts';
import type { PlanContext } from '../limits/plan.ts';

export interface GlobalOptions {
  mount?: string;
}

export const PROC = '/proc';

export const openHierarchy = ({ mount }: GlobalOptions): Hierarchy =>
  chooseHierarchy(readFileSync(`${PROC}/self/mountinfo`, 'utf8'), mount);

/**
 * The workloads that the names mean, in their order. Most are named by their path or on disk; the runtimes' APIs are
 * asked where that does not do. Throws NoSuchNameError, AmbiguousNameError, BadNameError.
 */
export async function resolveNames(names: readonly string[], hierarchy: Hierarchy, apis = false): Promise<Workload[]> {
  const inventory = openInventory({ mount: hierarchy.mount, proc: PROC, watch: false, apis });
  try {
    await inventory.refresh();
    const found: Workload[] = [];
    for (const name of names) {
      found.push(await resolve(inventory.workloads(), name, { proc: PROC, mount: hierarchy.mount }));
    }
    return found;
  } catch (error) {
    if (apis || !(error instanceof NoSuchNameError)) throw error;
    return resolveNames(names, hierarchy, true);
  } finally {
    inventory.close();
  }
}

/** What --via and --persist say, beside the owners that can be reached. */
export function planContext(hierarchy: Hierarchy, options: Omit<OwnerOptions, 'sockets'> = {}): PlanContext {
  return {
    owners: { ...options, sockets: findSockets() },
    files: openCgroupFiles(hierarchy.mount),
    machine: readMachine(PROC),
    ownPath: cgroupOf('self'),
    initPath: cgroupOf('1'),
  };
}

function cgroupOf(pid: string): string | undefined {
  try {
    return parseProcCgroup(readFileSync(`${PROC}/${pid}/cgroup`, 'utf8'));
  } catch {
    return undefined;
  }
}
