/**
 * Whether a cgroup is what its name says. Whoever may make a directory may give it the name of somebody's container; the real
 * one holds the container's first process.
 */

import { ancestorsOf } from '../kernel/cgroup-path.ts';
import { identify } from './identity.ts';
import type { Identity } from './workload.ts';

/**
 * The cgroup of a container (by its id) or machine (by its name) whose first process is in `home`: the outermost that is
 * called so on the way there, for those further down are made inside. Undefined where none is.
 */
export const boxAround = (home: string, box: string): string | undefined =>
  [home, ...ancestorsOf(home)].findLast((at) => boxOf(identify(at)) === box);

/** What a cgroup is called by; undefined for what is no container or machine. */
export function boxOf({ kind, id, name }: Identity): string | undefined {
  if (kind === 'container') return id;
  return kind === 'machine' ? name : undefined;
}
