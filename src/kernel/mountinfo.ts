/**
 * /proc/PID/mountinfo: what is mounted where, one mount a line.
 *
 *     31 20 0:7 / /sys/kernel/debug rw,relatime shared:15 master:1 - debugfs debugfs rw,mode=755
 *     36 56 253:1 / /boot rw,relatime - ext4 /dev/vda1 rw
 *     id parent device root mountPoint options [optional fields] - fsType source superOptions
 *
 * Any number of optional fields, up to ` - `. Blank, tab, newline and backslash in a path are octal: `\040`.
 */

import { join } from 'node:path';
import { isWithin } from './cgroup-path.ts';

export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** `MAJ:MIN`, as st_dev of the files in it. */
  readonly device: string;
  /** The directory of the file system that is mounted, seen from the reader's namespace. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount: `rw`, `noexec`. */
  readonly options: readonly string[];
  /** `shared:15`, `master:1`. */
  readonly optionalFields: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Of the file system: `rw`, `nsdelegate`; escaped. */
  readonly superOptions: readonly string[];
}

/** In the kernel's order; lines that are no mount are skipped. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): Mount | undefined {
  const dash = line.indexOf(' - ');
  if (dash < 0) return undefined;
  const [id, parent, device, root, mountPoint, options, ...optionalFields] = line.slice(0, dash).split(' ');
  const [fsType, source = '', superOptions = ''] = line.slice(dash + 3).split(' ');
  if (device === undefined || root === undefined || mountPoint === undefined) return undefined;
  if (options === undefined || fsType === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: options.split(','),
    optionalFields: optionalFields.filter((field) => field !== ''),
    fsType,
    source: unescapeOctal(source),
    superOptions: superOptions.split(','),
  };
}

/** Of paths, and of option values, which stay as they are in `superOptions`. */
export const unescapeOctal = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The mount on which a path lies: the longest mount point above it, the last of several on one. */
export function mountAt(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ mountPoint }) => isWithin(path, mountPoint))
    .reduce<Mount | undefined>(
      (best, mount) => (best && best.mountPoint.length > mount.mountPoint.length ? best : mount),
      undefined,
    );
}

/**
 * Where the directory `root` of the file system `device` is seen through these mounts: those of another namespace may
 * show it at another place. undefined where none shows it.
 */
export function mountedPath(
  mounts: readonly Mount[],
  { device, root }: Pick<Mount, 'device' | 'root'>,
): string | undefined {
  return mounts
    .filter((mount) => mount.device === device && isWithin(root, mount.root))
    .map((mount) => join(mount.mountPoint, root.slice(mount.root === '/' ? 1 : mount.root.length)))
    .sort((a, b) => a.length - b.length)[0];
}
