/**
 * /proc/cgroups: the controllers that the kernel was built with, and which hierarchy holds each.
 *
 *     #subsys_name	hierarchy	num_cgroups	enabled
 *     memory	8	87	0
 */

import { parseSingleValue } from './single-value.ts';

export interface KernelController {
  readonly name: string;
  /** The v1 hierarchy that holds it; 0 for none, so that v2 may. */
  readonly hierarchy: number;
  /** Its cgroups, dying ones included. */
  readonly cgroups: number;
  /** False where the command line disabled it (`cgroup_disable=memory`, or no `cgroup_enable=memory`). */
  readonly enabled: boolean;
}

export function parseProcCgroups(text: string): KernelController[] {
  return text.split('\n').flatMap((line) => {
    const [name, hierarchy, cgroups, enabled] = line.trim().split(/\s+/);
    if (name === undefined || name.startsWith('#') || enabled === undefined) return [];
    return {
      name,
      hierarchy: parseSingleValue(hierarchy),
      cgroups: parseSingleValue(cgroups),
      enabled: enabled !== '0',
    };
  });
}

/** How to give the controllers that cgroup v1 holds to cgroup v2. */
export const UNIFIED_REMEDY =
  'boot with systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all on the kernel command line';

/** Why a hierarchy does not have a controller, and what helps. */
export interface NoController {
  readonly reason: string;
  readonly remedy: string;
}

/** Why the root's cgroup.controllers lacks this controller. `procCgroups`: text of /proc/cgroups. */
export function whyNoController(name: string, procCgroups: string): NoController {
  const wanted = name === 'io' ? 'blkio' : name;
  const known = parseProcCgroups(procCgroups).find((controller) => controller.name === wanted);
  if (known && !known.enabled)
    return { reason: 'disabled on the kernel command line', remedy: `boot with cgroup_enable=${name}` };
  if (known && known.hierarchy > 0) {
    return {
      reason: 'a cgroup v1 hierarchy holds it, so cgroup v2 has neither its limits nor its figures',
      remedy: UNIFIED_REMEDY,
    };
  }
  return {
    reason: 'not available: this kernel was built without it, or it is not enabled for this part of the hierarchy',
    remedy: `on the host: grep ${name} /sys/fs/cgroup/cgroup.controllers tells whether the kernel has it; then enable it in cgroup.subtree_control of each cgroup above this one`,
  };
}
