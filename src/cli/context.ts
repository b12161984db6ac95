/** What every command stands on: the hierarchy, the machine, the workloads by name. */

import { readFileSync } from 'node:fs';
import { type InventoryOptions, openInventory } from '../inventory/inventory.ts';
import { NoSuchNameError, resolve, straightPath } from '../inventory/resolve.ts';
import { findSockets } from '../inventory/sockets.ts';
import { createWalk, walkTo } from '../inventory/walk.ts';
import type { Workload } from '../inventory/workload.ts';
import { type CgroupFiles, openCgroupFiles } from '../kernel/cgroup-files.ts';
import { chooseHierarchy, type Hierarchy } from '../kernel/hierarchy.ts';
import { readText } from '../kernel/if-there.ts';
import { readMachine } from '../kernel/machine.ts';
import { loadNative } from '../kernel/native.ts';
import { parseProcCgroup } from '../kernel/proc-cgroup.ts';
import { isListeningIn } from '../kernel/proc-net-unix.ts';
import { processesIn, subtree } from '../kernel/subtree.ts';
import type { OwnerOptions, PlanContext } from '../limits/model.ts';

export interface GlobalOptions {
  mount?: string;
}

export const PROC = '/proc';

export const openHierarchy = ({ mount }: GlobalOptions): Hierarchy =>
  chooseHierarchy(readFileSync(`${PROC}/self/mountinfo`, 'utf8'), mount);

/**
 * The workloads that the names mean, in their order. A path is looked up by itself; for a name all that runs must be
 * known, as it may mean two. Most have their name from the path or the disk; the runtimes' APIs are asked where that does
 * not do. Throws NoSuchNameError, AmbiguousNameError, BadNameError.
 */
async function resolveNames(names: readonly string[], hierarchy: Hierarchy, apis = false): Promise<Workload[]> {
  const { mount, root } = hierarchy;
  const paths = await Promise.all(names.map((name) => straightPath(name, { proc: PROC, mount, root })));
  const walk = paths.every((path) => path !== undefined) ? walkTo(paths) : createWalk();
  try {
    return await resolveAmong(names, { mount, root, proc: PROC, watch: false, apis, walk });
  } catch (error) {
    if (!(error instanceof NoSuchNameError)) throw error;
    // All names, among which may be the one that was meant.
    return resolveAmong(names, { mount, root, proc: PROC, watch: false, apis: true }).catch(explained);
  }
}

/** The workload that the name means. Throws as resolveNames does. */
export async function resolveName(name: string, hierarchy: Hierarchy, apis = false): Promise<Workload> {
  const [workload] = await resolveNames([name], hierarchy, apis);
  if (!workload) throw new NoSuchNameError(name, []);
  return workload;
}

/**
 * The workloads that a command is about, each once, and as the user calls it, so that a command in a message can be typed as it
 * stands. Throws as resolveNames does.
 */
export async function targetsNamed(names: readonly string[], hierarchy: Hierarchy): Promise<Workload[]> {
  const targets = new Map<string, Workload>();
  for (const [index, workload] of (await resolveNames(names, hierarchy)).entries()) {
    const name = names[index] ?? workload.name;
    if (!targets.has(workload.path)) targets.set(workload.path, { ...workload, name });
  }
  return [...targets.values()];
}

/** All that run, with the names that the runtimes' APIs know too; no figure of them is read. */
export async function allWorkloads({ mount, root }: Hierarchy): Promise<readonly Workload[]> {
  const inventory = openInventory({ mount, root, proc: PROC, watch: false, apis: true });
  try {
    await inventory.refresh();
    return inventory.workloads();
  } finally {
    inventory.close();
  }
}

/**
 * The workload that a name means among these. Throws NoSuchNameError, AmbiguousNameError, BadNameError: the first says so where
 * what is named exists but does not run, or may exist where this user may not look.
 */
export const workloadNamed = (
  workloads: readonly Workload[],
  name: string,
  { mount, root }: Pick<Hierarchy, 'mount' | 'root'>,
): Promise<Workload> => resolve(workloads, name, { proc: PROC, mount, root }).catch(explained);

/** Throws the error, with the reason why nothing of that name was found, where there is one to tell. */
async function explained(error: unknown): Promise<never> {
  if (!(error instanceof NoSuchNameError)) throw error;
  const { notRunning, unseenText } = await import('../inventory/not-running.ts');
  const sockets = findSockets();
  const isPath = error.query.startsWith('/') || error.query.startsWith('pid:');
  const unseen = isPath ? undefined : unseenText(error.query, sockets);
  const reason = (await notRunning(error.query, sockets)) ?? unseen;
  throw reason === undefined ? error : new NoSuchNameError(error.query, [], reason);
}

async function resolveAmong(names: readonly string[], options: InventoryOptions): Promise<Workload[]> {
  const { mount, root, proc } = options;
  const inventory = openInventory(options);
  try {
    await inventory.refresh();
    const found: Workload[] = [];
    for (const name of names) found.push(await resolve(inventory.workloads(), name, { proc, mount, root }));
    return found;
  } finally {
    inventory.close();
  }
}

/** The owners that can be reached, with the choice that --via and --persist make. */
export function planContext(hierarchy: Hierarchy, options: Omit<OwnerOptions, 'sockets'> = {}): PlanContext {
  const files = openCgroupFiles(hierarchy.mount, hierarchy.root);
  return {
    owners: { ...options, sockets: findSockets(), listens: hasListener },
    files,
    machine: readMachine(PROC),
    ownPath: cgroupOf('self', hierarchy) ?? (hierarchy.namespaced ? searchFor(process.pid, files) : undefined),
    initPath: cgroupOf('1', hierarchy),
  };
}

/** /proc/self/cgroup does not name our path below a mount from outside our cgroup namespace: the cgroup that lists us is ours. */
const searchFor = (pid: number, files: CgroupFiles): string | undefined =>
  subtree(files, '/').find((path) => processesIn(files, path).pids.includes(pid));

/** Connecting costs a daemon work: it is tried only where the kernel's list of sockets does not tell whether somebody listens. */
const hasListener = (path: string): boolean =>
  isListeningIn(readText(`${PROC}/net/unix`), path) || (loadNative().native?.listens(path) ?? true);

const cgroupOf = (pid: string, { root }: Hierarchy): string | undefined =>
  parseProcCgroup(readText(`${PROC}/${pid}/cgroup`), root);
