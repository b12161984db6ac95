/**
 * /proc/PID/cgroup: where a process is, a line a hierarchy; the v2 line is anywhere among them.
 *
 *     4:memory:/user.slice            v1: id, controllers, path
 *     1:name=systemd:/init.scope      v1 without a controller
 *     0::/init.scope                  v2
 *     0::/box (deleted)               the cgroup is gone, the process a zombie
 *     0::/../../box                   outside the reader's cgroup namespace
 */

import { isWithin } from './cgroup-path.ts';

export interface Membership {
  /** From the root of the reader's cgroup namespace: `/`, `/a/b`, `/../c`. May hold colons and blanks. */
  readonly path: string;
  /** Its cgroup was removed; another may have the path by now. */
  readonly deleted: boolean;
}

/**
 * Path beneath the mount of the cgroup v2 that holds the process; undefined where there is none, it was removed, or it
 * is not beneath the mount. `root`: the cgroup that is mounted, `Hierarchy.root`.
 */
export function parseProcCgroup(text: string, root = '/'): string | undefined {
  const membership = parseMembership(text);
  return membership?.deleted === false ? pathBeneath(root, membership.path) : undefined;
}

/**
 * Path beneath a mount of the cgroup `root`, both as our cgroup namespace has them; undefined where it is not below that,
 * or goes through our namespace's own root from above (`/..` is mounted), whose name is not known in it.
 */
export function pathBeneath(root: string, path: string): string | undefined {
  if (!isWithin(path, root)) return undefined;
  const rest = root === '/' ? path : path.slice(root.length);
  return rest === '/..' || rest.startsWith('/../') ? undefined : rest || '/';
}

/** Where a process is, seen from our cgroup namespace, if that is outside of it: `/../outer`. */
export function outsideNamespace(text: string): string | undefined {
  const path = parseMembership(text)?.path;
  return path !== undefined && /^\/\.\.(\/|$)/.test(path) ? path : undefined;
}

/** The v2 line with what its path tells; undefined where there is none. */
export function parseMembership(text: string): Membership | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith('0::'));
  if (line === undefined) return undefined;
  const full = line.slice(3);
  const deleted = full.endsWith(DELETED);
  const path = deleted ? full.slice(0, -DELETED.length) : full;
  return { path, deleted };
}

const DELETED = ' (deleted)';
