/**
 * Where cgroup v2 is mounted, from /proc/self/mountinfo, and what it is made of.
 *
 *     30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot     unified
 *     41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw                           hybrid, beside v1
 *     90 80 0:26 /../.. /host/cgroup ro - cgroup2 cgroup2 rw                        a mount of another cgroup namespace
 */

import type { Mount } from './mountinfo.ts';
import { parseMountinfo } from './mountinfo.ts';
import { UNIFIED_REMEDY } from './proc-cgroups.ts';

export interface Hierarchy {
  /** Directory where it is mounted. */
  readonly mount: string;
  /** The cgroup that is mounted there, seen from our cgroup namespace: `/`, or `/../..` for one above ours. */
  readonly root: string;
  /** `nsdelegate`, `favordynmods`, `memory_localevents`, `memory_recursiveprot`, … */
  readonly options: readonly string[];
  readonly readOnly: boolean;
  /** `hybrid`: v1 hierarchies are mounted too, and hold controllers that v2 then lacks. */
  readonly mode: 'unified' | 'hybrid';
  /** The mounted cgroup lies outside our cgroup namespace: paths of /proc/PID/cgroup do not lead to it as they are. */
  readonly namespaced: boolean;
}

/** There is no cgroup v2 hierarchy to work on. */
export class NoHierarchyError extends Error {
  override readonly name = 'NoHierarchyError';
  /** What the user can do. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const REMEDY =
  'mount it with: mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line';

/** Every cgroup v2 mount that can be reached, the best first: /sys/fs/cgroup, then whole hierarchies, then the shortest path. */
export function findHierarchies(mountinfoText: string): Hierarchy[] {
  const mounts = parseMountinfo(mountinfoText);
  const mode = mounts.some(({ fsType }) => fsType === 'cgroup') ? 'hybrid' : 'unified';
  return mounts
    .filter((mount) => mount.fsType === 'cgroup2' && !isCovered(mount, mounts))
    .map(
      (mount): Hierarchy => ({
        mount: mount.mountPoint,
        root: mount.root,
        options: mount.superOptions.filter((option) => option !== 'rw' && option !== 'ro'),
        readOnly: mount.options.includes('ro') || mount.superOptions.includes('ro'),
        mode,
        namespaced: isOutside(mount.root),
      }),
    )
    .sort((a, b) => rank(a) - rank(b) || a.mount.length - b.mount.length);
}

/** The best hierarchy, or the one mounted at `mount`. Throws NoHierarchyError. */
export function chooseHierarchy(mountinfoText: string, mount?: string): Hierarchy {
  const found = findHierarchies(mountinfoText);
  const wanted = mount?.replace(/(?<=.)\/+$/, '');
  const chosen = wanted === undefined ? found[0] : found.find((hierarchy) => hierarchy.mount === wanted);
  if (chosen !== undefined) return chosen;
  if (wanted === undefined || found.length === 0) throw noHierarchy(mountinfoText);
  const places = found.map((hierarchy) => hierarchy.mount).join(', ');
  throw new NoHierarchyError(`no cgroup v2 hierarchy is mounted at ${wanted}`, `cgroup2 is mounted at: ${places}`);
}

/** A mount of cgroup2 over /sys/fs/cgroup would hide the v1 hierarchies that are at work there. */
function noHierarchy(mountinfoText: string): NoHierarchyError {
  const v1 = parseMountinfo(mountinfoText).find(({ fsType }) => fsType === 'cgroup');
  return v1
    ? new NoHierarchyError(
        `no cgroup v2 hierarchy: /proc/self/mountinfo has cgroup v1 alone, as at ${v1.mountPoint}`,
        UNIFIED_REMEDY,
      )
    : new NoHierarchyError('no cgroup v2 hierarchy: no file system of type cgroup2 in /proc/self/mountinfo', REMEDY);
}

/** Another mount lies on the same directory above it. */
const isCovered = (mount: Mount, mounts: readonly Mount[]): boolean =>
  mounts.some(({ parent, mountPoint, id }) => parent === mount.id && mountPoint === mount.mountPoint && id !== parent);

const isOutside = (root: string): boolean => root === '/..' || root.startsWith('/../');

const rank = ({ mount, root }: Hierarchy): number => (mount === '/sys/fs/cgroup' ? 0 : root === '/' ? 1 : 2);
