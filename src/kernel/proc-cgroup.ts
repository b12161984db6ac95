/**
 * /proc/PID/cgroup: where a process is, a line a hierarchy; the v2 line is anywhere among them.
 *
 *     4:memory:/user.slice            v1: id, controllers, path
 *     1:name=systemd:/init.scope      v1 without a controller
 *     0::/init.scope                  v2
 *     0::/box (deleted)               the cgroup is gone, the process a zombie
 *     0::/../../box                   outside the reader's cgroup namespace
 */

export interface Membership {
  /** From the root of the reader's cgroup namespace: `/`, `/a/b`, `/../c`. May hold colons and blanks. */
  readonly path: string;
  /** Its cgroup was removed; another may have the path by now. */
  readonly deleted: boolean;
  /** The path starts above the root of the reader's cgroup namespace: it leads nowhere beneath the mount. */
  readonly outside: boolean;
}

/** Path of the cgroup v2 that holds the process; undefined where there is none or it was removed. */
export function parseProcCgroup(text: string): string | undefined {
  const membership = parseMembership(text);
  return membership?.deleted === false ? membership.path : undefined;
}

/** The v2 line with what its path tells; undefined where there is none. */
export function parseMembership(text: string): Membership | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith('0::'));
  if (line === undefined) return undefined;
  const full = line.slice(3);
  const deleted = full.endsWith(DELETED);
  const path = deleted ? full.slice(0, -DELETED.length) : full;
  return { path, deleted, outside: path === '/..' || path.startsWith('/../') };
}

const DELETED = ' (deleted)';

/** The v1 lines: path by controller (`memory`, `cpu`), or by name (`name=systemd`). */
export function parseV1Cgroups(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^[1-9]\d*:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}
