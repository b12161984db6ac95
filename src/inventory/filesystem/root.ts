/** What a workload has as `/`: the mount at `/` in the mountinfo of its init, told against the machine's own root. */

import { type Mount, mountedPath } from '../../kernel/mountinfo.ts';
import { type OverlayLayers, parseOverlay } from '../../kernel/overlay.ts';

export interface Root {
  /**
   * `overlay`: layers, of which the upper one is written; `directory`: a tree of its own (a folder, a btrfs subvolume, a
   * zfs dataset, an image), all of which is written; `host`: the machine's own root.
   */
  readonly kind: 'overlay' | 'directory' | 'host';
  readonly fsType: string;
  /** As mounted: `overlay`, `/dev/vda1`, a zfs dataset. */
  readonly source: string;
  /** `MAJ:MIN`, as st_dev of the files in it. */
  readonly device: string;
  readonly readOnly: boolean;
  /** Of an overlay whose options tell them: paths as they were mounted. */
  readonly layers?: OverlayLayers;
  /** Where our mounts show the whole root: the merged directory of an overlay. */
  readonly directory?: string;
  /** The file system's own directory that is mounted, where it is not its top: a btrfs subvolume, a folder of an ext4. */
  readonly within?: string;
}

/**
 * `of`: the workload's mounts; `host`: those of pid 1; `ours`: those through which we see. undefined for a `chroot` that is
 * no mount.
 */
export function rootOf(of: readonly Mount[], host: readonly Mount[], ours: readonly Mount[]): Root | undefined {
  const mount = rootMount(of);
  if (mount === undefined) return undefined;
  const { fsType, source, device, root } = mount;
  const layers = fsType === 'overlay' ? parseOverlay(mount.superOptions) : undefined;
  const directory = mountedPath(ours, mount);
  return {
    kind: isSame(mount, rootMount(host)) ? 'host' : /overlay/.test(fsType) ? 'overlay' : 'directory',
    fsType,
    source,
    device,
    readOnly: isReadOnly(mount),
    ...(layers ? { layers } : {}),
    ...(directory === undefined ? {} : { directory }),
    ...(root === '/' ? {} : { within: root }),
  };
}

/** The topmost of those at `/`: the first file system of the machine may lie below it. */
const rootMount = (mounts: readonly Mount[]): Mount | undefined =>
  mounts.findLast(({ mountPoint }) => mountPoint === '/');

/** The same directory of the same file system. */
export const isSame = (mount: Mount, other: Mount | undefined): boolean =>
  mount.device === other?.device && mount.root === other.root;

export const isReadOnly = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');
